import { flag, httpUrl, text, type Variable, variable } from './define.ts';

/** docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, as far as one name tells. */
const s3Bucket = text.regex(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  'must be 3 to 63 small letters, digits, dots and hyphens',
);

/** Where files are kept. */
export const storage = {
  AWS_ENABLED: variable(flag, {
    default: 'false',
    description: 'S3 storage; bucket and keys are then required',
  }),
  AWS_REGION: variable(text, { default: 'us-east-1', description: 'Its region' }),
  AWS_S3_BUCKET: variable(s3Bucket.optional(), { description: 'Its bucket' }),
  AWS_ACCESS_KEY: variable(text.optional(), { description: 'Access key', secret: true }),
  AWS_SECRET_KEY: variable(text.optional(), { description: 'Secret key', secret: true }),
  AWS_S3_ENDPOINT: variable(httpUrl.optional(), {
    description: 'Another service that speaks S3; links lead there too',
  }),
  SUPABASE_URL: variable(httpUrl.optional(), {
    description:
      'Supabase project: the application’s tables through its API, and files in its Storage when S3 is off',
  }),
  SUPABASE_SERVICE_ROLE_KEY: variable(text.optional(), {
    description: 'Its service role key',
    secret: true,
  }),
  STORAGE_BUCKET: variable(text, {
    default: 'documents',
    description: 'Supabase Storage bucket',
  }),
} as const satisfies Record<string, Variable>;
