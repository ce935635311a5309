import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEntity } from '../../processors/sync/read-entity.ts';
import { makeSample } from '../../src/sample/index.ts';
import { ueiOf, wireEntity } from '../support/entities.ts';

function rowOf(record: unknown) {
  const reading = readEntity(record);
  if (!('row' in reading)) throw new Error(reading.reject.reason);
  return reading.row;
}

describe('an entity', () => {
  it('is read with all that it says', () => {
    const record = {
      ...wireEntity(7, {
        entityEFTIndicator: '0001',
        dbaName: 'Seven',
        cageCode: '1ABC2',
        purposeOfRegistrationDesc: 'All Awards',
        activationDate: '03/04/2026',
        registrationExpirationDate: '2027-03-04',
        exclusionStatusFlag: 'Y',
      }),
      coreData: {
        entityInformation: { entityURL: 'www.seven.example' },
        physicalAddress: { city: 'Togus', stateOrProvinceCode: 'ME', zipCode: '04330', countryCode: 'USA' },
        businessTypes: {
          businessTypeList: [
            { businessTypeCode: 'QF' },
            { businessTypeCode: '2X' },
            { businessTypeCode: '2X' },
          ],
          sbaBusinessTypeList: { sbaBusinessTypeCode: 'A6' },
        },
      },
      assertions: { goodsAndServices: { primaryNaics: 541512 } },
    };
    expect(rowOf(record)).toEqual({
      uei: ueiOf(7),
      eftIndicator: '0001',
      legalName: 'COMPANY 7 LLC',
      dbaName: 'Seven',
      cageCode: '1ABC2',
      status: 'Active',
      purpose: 'All Awards',
      registeredOn: '2024-03-01',
      activatedOn: '2026-03-04',
      updatedOn: '2026-04-01',
      expiresOn: '2027-03-04',
      excluded: true,
      url: 'http://www.seven.example',
      city: 'Togus',
      state: 'ME',
      zip: '04330',
      country: 'USA',
      naics: '541512',
      businessTypes: ['2X', 'QF'],
      sbaTypes: ['A6'],
      raw: record,
      contentHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('needs its UEI and its name, and nothing else', () => {
    expect(rowOf({ entityRegistration: { ueiSAM: ueiOf(1), legalBusinessName: 'ONE' } })).toMatchObject({
      uei: ueiOf(1),
      eftIndicator: '',
      updatedOn: null,
      excluded: false,
      businessTypes: [],
      sbaTypes: [],
    });
    const reasonOf = (record: unknown) => {
      const reading = readEntity(record);
      return 'reject' in reading ? [reading.reject.reason, reading.reject.recordId] : undefined;
    };
    expect(reasonOf(null)).toEqual(['not an object', undefined]);
    expect(reasonOf({})).toEqual(['no ueiSAM', undefined]);
    expect(reasonOf(wireEntity(1, { ueiSAM: 'SHORT' }))).toEqual(['ueiSAM is no UEI', 'SHORT']);
    expect(reasonOf(wireEntity(1, { legalBusinessName: ' ' }))).toEqual(['no legalBusinessName', ueiOf(1)]);
  });

  it('has the hash of its meaning: the order of fields and links make no difference, a value does', () => {
    const record = wireEntity(3);
    const { contentHash } = rowOf(record);
    const turned = Object.fromEntries(Object.entries(record.entityRegistration).reverse());
    expect(rowOf({ links: { self: 'x' }, entityRegistration: turned }).contentHash).toBe(contentHash);
    expect(rowOf(wireEntity(3, { registrationStatus: 'Expired' })).contentHash).not.toBe(contentHash);
    expect(rowOf({ ...record, pointsOfContact: { city: 'Fargo' } }).contentHash).not.toBe(contentHash);
  });

  it('of the sample is always read', () => {
    for (const entity of makeSample({ asOf: new Date('2026-04-16T12:00:00Z'), opportunities: 0 }).entities) {
      expect(rowOf(entity)).toMatchObject({ country: 'USA', naics: expect.stringMatching(/^\d{6}$/) });
    }
  });

  it('is read or put aside, whatever JSON it is', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('ueiSAM', 'legalBusinessName', 'lastUpdateDate'), fc.jsonValue()),
        (any, registration) => {
          for (const record of [
            any,
            { entityRegistration: any },
            { ...wireEntity(1, registration), coreData: any, assertions: any },
          ]) {
            const reading = readEntity(record);
            if ('row' in reading) expect(reading.row.uei).toMatch(/^[A-Z0-9]{12}$/);
            else expect(reading.reject.reason).not.toBe('');
          }
        },
      ),
    );
  });
});
