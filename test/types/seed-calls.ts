import type { JobHandle, QueueManager } from '../../src/queue/queue-manager.ts';

/** The three calls of the README that the platform was asked for by, as they stand there, with one real opportunity. */
export async function seedCalls(queueManager: QueueManager): Promise<readonly JobHandle[]> {
  const opportunities = [
    {
      noticeId: 'b2f1c0d8e4a94f5f9d3c1a2b3c4d5e6f',
      title: 'Portable ultrasound systems',
      agency: 'Department of Veterans Affairs',
      deadline: '2024-02-15T17:00:00-05:00',
      url: 'https://sam.gov/opp/b2f1c0d8e4a94f5f9d3c1a2b3c4d5e6f/view',
    },
  ];

  // Email job
  const email = await queueManager.addJob('email', 'send-reminder', {
    type: 'opportunity-reminder',
    data: {
      userId: 'user-123',
      email: 'user@example.com',
      opportunities: [...opportunities],
    },
  });

  // Document job
  const document = await queueManager.addJob('document', 'generate-report', {
    type: 'generate-report',
    data: {
      userId: 'user-123',
      reportType: 'analytics',
      format: 'pdf',
    },
  });

  // Sync job
  const sync = await queueManager.addJob('sync', 'sam-gov-sync', {
    type: 'sam-gov-opportunities',
    data: {
      fullSync: false,
      dateRange: { start: '2024-01-01', end: '2024-01-31' },
    },
  });

  return [email, document, sync];
}
