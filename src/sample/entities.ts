import { offices } from './agencies.ts';
import { companyFields, companyNames } from './names.ts';
import { digits, type Random, ueiCharacters } from './random.ts';
import { subjects } from './subjects.ts';

const msPerDay = 86_400_000;

/** An entity in the shape of Entity Management v3, in three of its sections. All of them are invented. */
export type WireEntity = Readonly<Record<string, unknown>> & {
  readonly entityRegistration: Readonly<Record<string, unknown>> & {
    readonly ueiSAM: string;
    readonly legalBusinessName: string;
  };
};

const businessTypes = [
  ['2X', 'For Profit Organization'],
  ['QF', 'Service Disabled Veteran Owned Business'],
  ['A5', 'Veteran Owned Business'],
  ['A2', 'Woman Owned Business'],
  ['27', 'Self Certified Small Disadvantaged Business'],
  ['XS', 'Subchapter S Corporation'],
] as const;

/** `index` makes the names differ: 200 combinations of a name and a field, then numbered ones. */
export function makeEntity(random: Random, asOf: Date, index: number): WireEntity {
  const name = companyNames[index % companyNames.length];
  const field = companyFields[Math.floor(index / companyNames.length) % companyFields.length];
  const round = Math.floor(index / (companyNames.length * companyFields.length));
  const legalBusinessName = `${name} ${field} ${random.pick(['LLC', 'Inc.', 'Corp.'])}${round === 0 ? '' : ` ${round + 1}`}`;
  const home = random.pick(offices);
  const daysBack = (least: number, most: number) =>
    new Date(asOf.getTime() - random.whole(least, most) * msPerDay).toISOString().slice(0, 10);
  const active = random.chance(0.92);
  const address = {
    addressLine1: `${random.whole(10, 9_990)} ${random.pick(['Market Street', 'Commerce Drive', 'Mill Road', 'Federal Avenue'])}`,
    addressLine2: random.chance(0.7) ? null : `Suite ${random.whole(100, 900)}`,
    city: home.city,
    stateOrProvinceCode: home.state,
    zipCode: home.zip,
    zipCodePlus4: random.chance(0.3) ? null : random.characters(4, digits),
    countryCode: 'USA',
  };
  return {
    entityRegistration: {
      samRegistered: 'Yes',
      ueiSAM: random.characters(12, ueiCharacters),
      entityEFTIndicator: null,
      cageCode: `${random.characters(1, digits)}${random.characters(4, ueiCharacters)}`,
      dodaac: null,
      legalBusinessName: legalBusinessName.toUpperCase(),
      dbaName: random.chance(0.85) ? null : `${name} ${field}`,
      purposeOfRegistrationCode: 'Z2',
      purposeOfRegistrationDesc: 'All Awards',
      registrationStatus: active ? 'Active' : 'Expired',
      evsSource: 'E&Y',
      registrationDate: daysBack(400, 3_600),
      lastUpdateDate: daysBack(1, 360),
      registrationExpirationDate: active ? daysBack(-360, -5) : daysBack(5, 90),
      activationDate: daysBack(1, 360),
      ueiStatus: 'Active',
      ueiExpirationDate: null,
      ueiCreationDate: daysBack(700, 1_500),
      publicDisplayFlag: 'Y',
      exclusionStatusFlag: 'N',
      exclusionURL: null,
      dnbOpenData: null,
    },
    coreData: {
      entityInformation: {
        entityURL: random.chance(0.4)
          ? null
          : `https://www.${`${name}-${field}`.toLowerCase().replaceAll(' ', '-')}.example`,
        entityStartDate: daysBack(900, 9_000),
        fiscalYearEndCloseDate: '12/31',
        submissionDate: daysBack(1, 360),
      },
      physicalAddress: address,
      mailingAddress: random.chance(0.1) ? null : address,
      congressionalDistrict: random.chance(0.1) ? null : random.characters(2, '01'),
      businessTypes: {
        businessTypeList: random
          .shuffled(businessTypes)
          .slice(0, random.whole(1, 4))
          .map(([businessTypeCode, businessTypeDesc]) => ({ businessTypeCode, businessTypeDesc })),
        sbaBusinessTypeList: random.chance(0.85)
          ? []
          : [
              {
                sbaBusinessTypeCode: 'A6',
                sbaBusinessTypeDesc: 'SBA Certified 8A Program Participant',
                certificationEntryDate: daysBack(400, 2_000),
                certificationExitDate: daysBack(-1_500, -30),
              },
            ],
      },
      financialInformation: { creditCardUsage: random.pick(['Y', 'N']), debtSubjectToOffset: 'N' },
    },
    assertions: { goodsAndServices: { primaryNaics: random.pick(subjects).naics } },
  };
}
