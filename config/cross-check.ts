import type { Fault } from '../src/errors/catalogue.ts';
import type { Values } from './schema.ts';

/** What no variable can say alone. */
export function crossCheck(values: Partial<Values>): Fault[] {
  const faults: Fault[] = [];
  const need = (path: string, missing: boolean, message: string) => {
    if (missing) faults.push({ path, message });
  };
  const redisIsSet = values.REDIS_URL !== undefined || values.REDIS_HOST !== undefined;
  const production = values.NODE_ENV === 'production';
  need(
    'REDIS_URL',
    values.QUEUE_BACKEND === 'redis' && !redisIsSet,
    'is needed since QUEUE_BACKEND is redis',
  );
  need(
    'DATABASE_URL',
    values.QUEUE_BACKEND === 'postgres' && values.DATABASE_URL === undefined,
    'is needed since QUEUE_BACKEND is postgres',
  );
  need(
    'QUEUE_BACKEND',
    values.QUEUE_BACKEND === 'embedded' && values.DATABASE_URL !== undefined,
    'is embedded, but DATABASE_URL is set: use postgres, or drop one of them',
  );
  need(
    'JWT_SECRET',
    production && values.JWT_SECRET === undefined,
    'is needed in production: 32 random bytes, for example from `openssl rand -base64 32`',
  );
  need(
    'ADMIN_PASSWORD',
    production && values.ROLE?.includes('api') === true && values.ADMIN_PASSWORD === undefined,
    'is needed in production where the api role runs',
  );
  need(
    'OIDC_CLIENT_ID',
    values.OIDC_ISSUER !== undefined && values.OIDC_CLIENT_ID === undefined,
    'is needed since OIDC_ISSUER is set',
  );
  need(
    'OIDC_ISSUER',
    values.OIDC_ISSUER === undefined && values.OIDC_CLIENT_ID !== undefined,
    'is needed since OIDC_CLIENT_ID is set',
  );
  need(
    'SMTP_URL',
    values.EMAIL_PROVIDER === 'smtp' && values.SMTP_URL === undefined,
    'is needed since EMAIL_PROVIDER is smtp',
  );
  const s3 = values.AWS_ENABLED === true;
  need('AWS_S3_BUCKET', s3 && values.AWS_S3_BUCKET === undefined, 'is needed since AWS_ENABLED is true');
  need('AWS_ACCESS_KEY', s3 && values.AWS_ACCESS_KEY === undefined, 'is needed since AWS_ENABLED is true');
  need('AWS_SECRET_KEY', s3 && values.AWS_SECRET_KEY === undefined, 'is needed since AWS_ENABLED is true');
  need(
    'SUPABASE_SERVICE_ROLE_KEY',
    values.SUPABASE_URL !== undefined && values.SUPABASE_SERVICE_ROLE_KEY === undefined,
    'is needed since SUPABASE_URL is set',
  );
  need(
    'SUPABASE_URL',
    values.SUPABASE_URL === undefined && values.SUPABASE_SERVICE_ROLE_KEY !== undefined,
    'is needed since SUPABASE_SERVICE_ROLE_KEY is set',
  );
  need(
    'SENDGRID_API_KEY',
    values.EMAIL_PROVIDER === 'sendgrid' && values.SENDGRID_API_KEY === undefined,
    'is needed since EMAIL_PROVIDER is sendgrid',
  );
  return faults;
}
