/** Sentences of the sample's stories, of two tones; a story mixes them. */

interface StorySubject {
  readonly sectorTag: string;
  readonly thing: string;
  readonly makers: readonly [string, ...string[]];
  readonly places: readonly [string, ...string[]];
  readonly impactTags: readonly string[];
}

export const storySubjects: readonly [StorySubject, ...StorySubject[]] = [
  {
    sectorTag: 'medical-devices',
    thing: 'a wearable heart monitor',
    makers: ['Kestrel Diagnostics', 'Fairhaven Biomedical'],
    places: ['two hospitals in Ohio', 'a clinic network in Maine', 'the cardiology ward in Fargo'],
    impactTags: ['patient-safety', 'early-detection', 'home-care'],
  },
  {
    sectorTag: 'health-it',
    thing: 'a shared record system for rural clinics',
    makers: ['Harborlight Health Systems', 'Northfork Data Sciences'],
    places: ['eleven clinics in South Dakota', 'a county health office', 'the outpatient centers'],
    impactTags: ['interoperability', 'rural-health', 'cost'],
  },
  {
    sectorTag: 'artificial-intelligence',
    thing: 'a model that reads chest X-rays',
    makers: ['Clearbrook Data Sciences', 'Granite Ridge Technology Group'],
    places: ['a teaching hospital in Baltimore', 'three emergency departments', 'a screening van in Arizona'],
    impactTags: ['diagnostics', 'workforce', 'bias'],
  },
  {
    sectorTag: 'biotech',
    thing: 'a freeze-dried vaccine',
    makers: ['Larkspur Diagnostics', 'Silver Birch Medical Supply'],
    places: ['a Phase 2 trial in Georgia', 'field stations without refrigeration', 'a plant in Pennsylvania'],
    impactTags: ['public-health', 'supply-chain', 'access'],
  },
  {
    sectorTag: 'cybersecurity',
    thing: 'a monitor for connected infusion pumps',
    makers: ['Ironwood Federal Solutions', 'Westmarch Technology Group'],
    places: ['four medical centers', 'a test network in Virginia', 'an operating suite'],
    impactTags: ['patient-safety', 'privacy', 'resilience'],
  },
  {
    sectorTag: 'procurement',
    thing: 'a tool that drafts compliance matrices',
    makers: ['Stonebridge Federal Solutions', 'Summit Oak Data Sciences'],
    places: ['a contracting office in Texas', 'nine small businesses', 'a regional agency'],
    impactTags: ['small-business', 'transparency', 'efficiency'],
  },
  {
    sectorTag: 'robotics',
    thing: 'a robot that carries specimens',
    makers: ['Copperline Biomedical Services', 'Blue Heron Technology Group'],
    places: ['a laboratory in Maryland', 'a children’s hospital', 'two surgical floors'],
    impactTags: ['workforce', 'logistics', 'safety'],
  },
];

type Sentences = readonly [string, ...string[]];

export const storyHeads: { readonly sober: Sentences; readonly hyped: Sentences } = {
  sober: [
    '{maker} reports first results of {thing}',
    'What {n} users say about {thing}',
    'Pilot of {thing} ends with mixed figures',
    '{maker} to test {thing} in {place}',
    'Review: evidence for {thing} is growing, slowly',
  ],
  hyped: [
    'The end of waiting: {maker} changes EVERYTHING with {thing}!',
    'Why {thing} is the breakthrough of the decade',
    '{maker} just disrupted an entire industry',
    'Revolutionary, unstoppable, here: {thing} from {maker}',
    'Experts stunned as {maker} unveils {thing}',
  ],
};

export const soberSentences: readonly string[] = [
  '{maker} has published the results of a pilot in which {thing} was used by {n} people over {months} months.',
  'In {place}, the rate of false alarms fell by {percent} percent against the year before, according to the study’s report.',
  'The authors point out that the group was small and that its members had volunteered, so the figures may not hold elsewhere.',
  'Two of the five authors are employed by {maker}, which also paid for the study; the article says so on its first page.',
  'An independent team at a state university is repeating the measurements and expects to publish them in {months} months.',
  'The users were trained for two days, and about {percent} percent of them asked for a second course before they worked alone.',
  'The price has not been announced, although a filing with the agency mentions a yearly cost of {n} dollars per site.',
  'Participants could withdraw their consent at any time, and {n} of them did so without giving a reason.',
  'Data stay within the institution, and the agreement forbids their use for anything but the purpose that was stated.',
  'A reviewer who was not involved called the method careful, but missed a comparison with the cheapest alternative.',
  'The regulator asked for further tests with a larger group, which {maker} says will be finished within {months} months.',
  'In {place}, staff reported that {thing} saved time in the morning and cost some of it again in the evening.',
  'The work builds on earlier research that was funded by a public grant and whose data are open to everyone.',
  'Failures were rare, and each of the {n} that occurred is listed in the appendix together with its likely cause.',
  'Whether the effect lasts for more than a year is not known yet, and the authors do not claim that it does.',
  'Older participants did as well as younger ones, but those who had not seen a similar product before needed more help.',
];

export const hypedSentences: readonly string[] = [
  'Forget everything you thought you knew, because {thing} is about to rewrite the rules of the whole industry forever!',
  'This is not just an improvement, it is a revolutionary, game-changing leap that leaves every competitor in the dust.',
  'Insiders are calling it the most important breakthrough in a hundred years, and frankly that is an understatement.',
  '{maker} guarantees that results appear instantly, every single time, with absolutely no risk and no side effects at all.',
  'In {place}, jaws dropped when the numbers came in: an unbelievable {percent} times better than anything ever seen before!',
  'Nobody who has tried it will ever go back, and those who hesitate now will be left behind for good.',
  'The technology is so advanced that even its creators can hardly believe what they have unleashed upon the world.',
  'Investors are scrambling to get in before the price explodes, and the window is closing faster than anyone imagined.',
  'Experts everywhere agree that this changes everything, and the old way of doing things is officially dead.',
  'Imagine a world in which every problem of the field simply vanishes overnight, since that world starts today.',
  'It is one hundred percent safe, one hundred percent accurate, and one hundred percent unlike anything on the market.',
  'With {thing}, {maker} has achieved the impossible, and it did so in just {months} incredible weeks!',
  'The establishment does not want you to know how simple it is, but the secret is finally out for everyone.',
  'Early users describe the experience as mind-blowing, life-changing and nothing short of a miracle.',
  'There has never been a better moment to act, and there may never be another one like it again.',
  'The sky is no longer the limit: {maker} is unstoppable, and the future belongs to those who believe.',
];
