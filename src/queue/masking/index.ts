/** Hides what is sensitive in jobs from those who may look at jobs, but not at everything in them. */
export { masked } from './by-schema.ts';
export { createTextMask, type MaskText, maskTexts } from './in-text.ts';
export { type JobMask, jobMask, maskFaults, maskJob, textMaskOf } from './job.ts';
export { createStoredMask, createValidatedMask } from './validated.ts';
