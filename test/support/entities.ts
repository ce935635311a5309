/** A record of Entity Management with what a test wants to say of it. */
export function wireEntity(index: number, registration: Readonly<Record<string, unknown>> = {}) {
  return {
    entityRegistration: {
      samRegistered: 'Yes',
      ueiSAM: ueiOf(index),
      entityEFTIndicator: null,
      legalBusinessName: `COMPANY ${index} LLC`,
      registrationStatus: 'Active',
      registrationDate: '2024-03-01',
      lastUpdateDate: '2026-04-01',
      ...registration,
    },
  };
}

export function ueiOf(index: number): string {
  return `UEX${String(index).padStart(9, '0')}`;
}
