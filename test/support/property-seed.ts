import fc from 'fast-check';

// A run that decides whether something lands draws the same examples each time; every other run draws new ones.
const { MILLRACE_PROPERTY_SEED: seed } = process.env;
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
