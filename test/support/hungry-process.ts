/** Loaded before a Millrace of a test (`--import`): it takes 300 MB at each SIGUSR2, and keeps them. */
const eaten: Buffer[] = [];

process.on('SIGUSR2', () => {
  eaten.push(Buffer.alloc(300 * 1024 ** 2, eaten.length + 1));
});
