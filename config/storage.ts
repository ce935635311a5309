import type { Values } from './schema.ts';

/** Where files are kept: S3 when it is enabled, else Supabase when it is set, else this machine. */
export type StorageConfig =
  | {
      readonly provider: 's3';
      readonly region: string;
      readonly bucket: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly endpoint: string | undefined;
    }
  | {
      readonly provider: 'supabase';
      readonly url: string;
      readonly serviceRoleKey: string;
      readonly bucket: string;
    }
  | { readonly provider: 'local' };

/** Which parts belong together was checked before; what is missing here is so for nobody. */
export function storageOf(values: Values): StorageConfig {
  const { AWS_ENABLED, AWS_S3_BUCKET, AWS_ACCESS_KEY, AWS_SECRET_KEY } = values;
  if (
    AWS_ENABLED &&
    AWS_S3_BUCKET !== undefined &&
    AWS_ACCESS_KEY !== undefined &&
    AWS_SECRET_KEY !== undefined
  ) {
    return {
      provider: 's3',
      region: values.AWS_REGION,
      bucket: AWS_S3_BUCKET,
      accessKeyId: AWS_ACCESS_KEY,
      secretAccessKey: AWS_SECRET_KEY,
      endpoint: values.AWS_S3_ENDPOINT,
    };
  }
  const { SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY, STORAGE_BUCKET } = values;
  if (SUPABASE_URL !== undefined && SUPABASE_SERVICE_ROLE_KEY !== undefined) {
    return {
      provider: 'supabase',
      url: SUPABASE_URL,
      serviceRoleKey: SUPABASE_SERVICE_ROLE_KEY,
      bucket: STORAGE_BUCKET,
    };
  }
  return { provider: 'local' };
}
