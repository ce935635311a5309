/**
 * An invented solicitation of a few pages, as text is found in such files: a head and a foot on each page, numbered
 * paragraphs, lists that continue a sentence, words broken at the end of a line. Pages are parted by form feeds.
 */
const pages = [
  `SECTION C - DESCRIPTION/SPECIFICATIONS/STATEMENT OF WORK

C.1 GENERAL

C.1.1 Scope. This section describes biomedical equipment maintenance for the Lake Harbor
VA Medical Center. The Contractor shall furnish all labor, parts, tools and test equip-
ment needed to keep the equipment listed in Attachment 1 in safe working order.

C.1.2 Definitions. "Working day" shall mean any day from Monday through Friday other
than a federal holiday. As used in this section, "equipment" means every item in
Attachment 1, including its software.

C.1.3 Hours. Scheduled maintenance is to be performed between 6:00 a.m. and 6:00 p.m.
Eastern Time. The Contractor may propose other hours for imaging equipment.

C.2 SERVICES

C.2.1 Preventive maintenance. The Contractor shall:
(a) perform every inspection at the interval that the manufacturer publishes;
(b) record the result in the Government's maintenance system within two working days; and
(c) replace filters, seals and batteries at each annual inspection, no matter what their
condition is.

C.2.2 Corrective maintenance. The Contractor must acknowledge each trouble call within
30 minutes and must have a technician on site within four hours. If a repair takes
longer than five working days, the Contractor will provide a loaner of equal function.`,
  `C.2.3 Parts. Parts that are installed shall be new and shall carry the manufacturer's
warranty. The Contractor shall not use refurbished parts without the written consent of
the COR, who will answer within three working days.

C.3 PERSONNEL

C.3.1 Technicians are required to hold a current certification for each type of equip-
ment that they service. Contractor employees must wear a badge at all times.

C.3.2 The Contractor is responsible for the conduct of its subcontractors. The Contractor
shall not be required to staff the site on federal holidays.

C.4 SUPPORT BY THE GOVERNMENT

C.4.1 The Government will provide a work bench, a telephone and access to the maintenance
system. The COR will issue badges within ten working days after award.

C.5 DELIVERABLES

C.5.1 The Contractor shall submit the following reports:
• a monthly report of all calls, not later than the fifth working day of the month;
• a yearly inventory with serial numbers and software versions; and
• a report of each recall or safety notice within 24 hours of its publication.`,
  `SECTION L - INSTRUCTIONS, CONDITIONS AND NOTICES TO OFFERORS

L.1 SUBMISSION

L.1.1 Offerors shall submit proposals by email to the Contract Specialist. Proposals must
be received no later than 2:00 p.m. Eastern Time on 15 March 2027. Late proposals will
not be considered.

L.1.2 Questions shall be sent in writing by 1 February 2027. The Government will post the
answers on SAM.gov. Offerors are encouraged to visit the site.

L.2 FORMAT

L.2.1 The proposal shall be organized in three volumes: (1) Volume I, technical approach,
of no more than 25 pages; (2) Volume II, past performance, of no more than 10 pages; and
(3) Volume III, price, without a page limit.

L.2.2 Text is to be single-spaced in a font no smaller than 11 points. Pages above the
limit will not be evaluated.

L.3 CONTENT

L.3.1 Volume I. The offeror shall:
(1) describe how it will meet each requirement of Section C;
(2) name its key personnel and, for each of them, provide:
(i) a resume of no more than two pages; and
(ii) a signed letter of commitment; and
(3) state any exception that it takes.

L.3.2 Volume II. Each offeror must provide three references for contracts of similar size
and scope that were performed in the last five years.`,
  `L.3.3 Volume III. Offerors are required to complete the price schedule in Attachment 2
for the base year and all option years. The price volume shall contain no technical infor-
mation.

SECTION M - EVALUATION FACTORS FOR AWARD

M.1 BASIS FOR AWARD

M.1.1 The Government will make one award to the responsible offeror whose proposal
represents the best value. The Government intends to award without discussions.

M.1.2 To be eligible for award, an offeror must be rated Acceptable or better on every
technical factor.

M.2 FACTORS

M.2.1 Technical approach is more important than past performance. Both together are more
important than price. Proposals must demonstrate an understanding of the work described
in Section C.

M.2.2 Price will be evaluated by adding the totals of the base year and the option years.
FAR 52.217-5, Evaluation of Options, is incorporated by reference.`,
];

export const sampleSolicitation = pages
  .map(
    (text, index) =>
      `Lake Harbor VA Medical Center                         Solicitation 36C24127R0042\n\n${text}\n\nPage ${index + 1} of ${pages.length}\n`,
  )
  .join('\f');
