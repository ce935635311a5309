import { text, type Variable, variable } from './define.ts';

/** Jobs from events. */
export const events = {
  KAFKA_BROKERS: variable(text.optional(), { description: 'Event intake', planned: true }),
  KAFKA_CLIENT_ID: variable(text, {
    default: 'worker-service',
    description: 'Our name there',
    planned: true,
  }),
  KAFKA_GROUP_ID: variable(text, {
    default: 'worker-service-group',
    description: 'Consumer group',
    planned: true,
  }),
  KAFKA_TOPICS: variable(text.optional(), { description: '`topic=queue/job,...`', planned: true }),
} as const satisfies Record<string, Variable>;
