/** A buying office with the place where most of its work is done. */
export interface Office {
  /** Levels joined by dots, as `fullParentPathName` gives them. */
  readonly path: string;
  readonly code: string;
  /** Beginning of its solicitation numbers. */
  readonly prefix: string;
  readonly city: string;
  readonly state: string;
  readonly stateName: string;
  readonly zip: string;
  /** Hours behind UTC, in winter. */
  readonly hoursBehind: number;
}

const va = 'VETERANS AFFAIRS, DEPARTMENT OF.VETERANS AFFAIRS, DEPARTMENT OF';
const hhs = 'HEALTH AND HUMAN SERVICES, DEPARTMENT OF';

export const offices: readonly [Office, ...Office[]] = [
  office(
    `${va}.246-NETWORK CONTRACTING OFFICE 6 (36C246)`,
    '036.3600.36C246',
    '36C246',
    'Hampton,VA,Virginia,23667,5',
  ),
  office(
    `${va}.241-NETWORK CONTRACT OFFICE 01 (36C241)`,
    '036.3600.36C241',
    '36C241',
    'Togus,ME,Maine,04330,5',
  ),
  office(
    `${va}.262-NETWORK CONTRACT OFFICE 22 (36C262)`,
    '036.3600.36C262',
    '36C262',
    'Long Beach,CA,California,90822,8',
  ),
  office(
    `${va}.263-NETWORK CONTRACT OFFICE 23 (36C263)`,
    '036.3600.36C263',
    '36C263',
    'Fargo,ND,North Dakota,58102,6',
  ),
  office(
    `${va}.TECHNOLOGY ACQUISITION CENTER NJ (36C10B)`,
    '036.3600.36C10B',
    '36C10B',
    'Eatontown,NJ,New Jersey,07724,5',
  ),
  office(
    'DEPT OF DEFENSE.DEFENSE HEALTH AGENCY.DHA CONTRACTING DIVISION EAST',
    '097.97DH.HT0014',
    'HT0014',
    'Falls Church,VA,Virginia,22042,5',
  ),
  office(
    'DEPT OF DEFENSE.DEPT OF THE ARMY.AMC.ACC.MEDCOM.MEDICAL READINESS CONTRACTING OFFICE WEST',
    '021.2100.W81K00',
    'W81K00',
    'San Antonio,TX,Texas,78234,6',
  ),
  office(
    'DEPT OF DEFENSE.DEPT OF THE NAVY.BUMED.NAVAL MEDICAL LOGISTICS COMMAND',
    '017.1700.N62645',
    'N62645',
    'Frederick,MD,Maryland,21702,5',
  ),
  office(
    'DEPT OF DEFENSE.DEPT OF THE AIR FORCE.AIR MOBILITY COMMAND.FA4427 60 CONS LGC',
    '057.5700.FA4427',
    'FA4427',
    'Travis AFB,CA,California,94535,8',
  ),
  office(
    'DEPT OF DEFENSE.DEFENSE LOGISTICS AGENCY.DLA TROOP SUPPORT.MEDICAL',
    '097.97AS.SPE2D0',
    'SPE2D1',
    'Philadelphia,PA,Pennsylvania,19111,5',
  ),
  office(
    `${hhs}.NATIONAL INSTITUTES OF HEALTH.NATIONAL INSTITUTES OF HEALTH CLINICAL CENTER`,
    '075.7529.75N990',
    '75N990',
    'Bethesda,MD,Maryland,20892,5',
  ),
  office(
    `${hhs}.CENTERS FOR DISEASE CONTROL AND PREVENTION.CDC OFFICE OF ACQUISITION SERVICES`,
    '075.7523.75D301',
    '75D301',
    'Atlanta,GA,Georgia,30333,5',
  ),
  office(
    `${hhs}.INDIAN HEALTH SERVICE.NAVAJO AREA INDIAN HEALTH SVC`,
    '075.7527.75H710',
    '75H710',
    'Window Rock,AZ,Arizona,86515,7',
  ),
  office(
    `${hhs}.INDIAN HEALTH SERVICE.GREAT PLAINS AREA INDIAN HEALTH SVC`,
    '075.7527.75H706',
    '75H706',
    'Aberdeen,SD,South Dakota,57401,6',
  ),
  office(
    `${hhs}.CENTERS FOR MEDICARE AND MEDICAID SERVICES.OFC OF ACQUISITION AND GRANTS MGMT`,
    '075.7530.75FCMC',
    '75FCMC',
    'Baltimore,MD,Maryland,21244,5',
  ),
  office(
    `${hhs}.FOOD AND DRUG ADMINISTRATION.FDA OFFICE OF ACQ GRANT SVCS`,
    '075.7524.75F401',
    '75F401',
    'Silver Spring,MD,Maryland,20993,5',
  ),
  office(
    'HOMELAND SECURITY, DEPARTMENT OF.US COAST GUARD.HEALTH SAFETY WORK-LIFE SERVICE CENTER',
    '070.7008.70Z085',
    '70Z085',
    'Norfolk,VA,Virginia,23510,5',
  ),
  office(
    'JUSTICE, DEPARTMENT OF.FEDERAL PRISON SYSTEM / BUREAU OF PRISONS.FCC BUTNER',
    '015.1540.15B109',
    '15B109',
    'Butner,NC,North Carolina,27509,5',
  ),
  office(
    `${va}.NATIONAL ACQUISITION CENTER (36F797)`,
    '036.3600.36F797',
    '36F797',
    'Hines,IL,Illinois,60141,6',
  ),
];

function office(path: string, code: string, prefix: string, place: string): Office {
  const [city = '', state = '', stateName = '', zip = '', hours = ''] = place.split(',');
  return { path, code, prefix, city, state, stateName, zip, hoursBehind: Number(hours) };
}

type Weighted = readonly (readonly [code: string | null, words: string | null, weight: number])[];

/** Codes as in the wire; `NONE` and null both stand for none. Weights add up to 100. */
export const setAsides: Weighted = [
  ['SBA', 'Total Small Business Set-Aside (FAR 19.5)', 30],
  ['SDVOSBC', 'Service-Disabled Veteran-Owned Small Business (SDVOSB) Set-Aside (FAR 19.14)', 18],
  ['8A', '8(a) Set-Aside (FAR 19.8)', 6],
  ['8AN', '8(a) Sole Source (FAR 19.8)', 2],
  ['WOSB', 'Women-Owned Small Business (WOSB) Program Set-Aside (FAR 19.15)', 4],
  ['HZC', 'Historically Underutilized Business (HUBZone) Set-Aside (FAR 19.13)', 4],
  [
    'ISBEE',
    'Indian Small Business Economic Enterprise (ISBEE) Set-Aside (specific to Department of Interior and Indian Health Services)',
    2,
  ],
  ['NONE', 'No Set aside used', 12],
  [null, null, 22],
];

/** Notice types as the wire names them, and how often they come in a hundred. */
export const noticeTypes = [
  ['Solicitation', 32],
  ['Combined Synopsis/Solicitation', 28],
  ['Sources Sought', 14],
  ['Presolicitation', 9],
  ['Award Notice', 12],
  ['Special Notice', 5],
] as const;
