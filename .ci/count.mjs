import { readFileSync } from 'node:fs';

// Reads vitest's JSON report and closes the run with its counts.
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(
  readFileSync(process.argv[2], 'utf8'),
);
const skipped = numPendingTests + numTodoTests;
for (const { assertionResults } of testResults) {
  for (const { status, fullName } of assertionResults) {
    if (status !== 'passed') console.log(`${status}: ${fullName}`);
  }
}
if (skipped > 0)
  console.log('Nothing may be skipped here: every server that a suite needs is installed above.');
console.log(`${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped`);
process.exitCode = numFailedTests > 0 || skipped > 0 || numPassedTests === 0 ? 1 : 0;
