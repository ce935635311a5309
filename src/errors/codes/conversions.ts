import { type ErrorEntry, entry } from './entry.ts';

/** PDF to XML: uploads, the gateway, mappings. */
export const conversions = {
  CONVERSION_NOT_FOUND: entry(404, false, 'No conversion has that id.'),
  CONVERSION_NOT_COMPLETE: entry(409, false, 'The conversion has no result: it waits, runs, or has failed.'),
  UNSUPPORTED_MEDIA: entry(
    415,
    false,
    'The body is not of the kind that is taken there: JSON, or for an upload a multipart form with a PDF.',
  ),
  GW_4XX: entry(502, false, 'The gateway refuses the PDF or its mapping (400, 406, 415 and the like).'),
  GW_5XX: entry(502, true, 'The gateway failed (5xx), refused the connection or broke off.'),
  GW_TIMEOUT: entry(504, true, 'The gateway did not answer within GATEWAY_TIMEOUT.'),
  IO_ERROR: entry(
    500,
    true,
    'A file of a conversion could not be read or written: a full disk, a missing upload.',
  ),
  BAD_XML: entry(502, true, 'The gateway answered something that is no well-formed XML.'),
  NO_TEXT: entry(422, false, 'The file holds no text: it may be a scan.'),
  PDF_ENCRYPTED: entry(422, false, 'The PDF opens with a password only.'),
  PDF_UNREADABLE: entry(422, false, 'The PDF is broken, or takes too long or too much to read.'),
  MAPPING_NOT_FOUND: entry(422, false, 'There is no mapping of that name.'),
  MAPPING_INVALID: entry(422, false, 'A mapping file is malformed; `details` names each field.'),
} as const satisfies Record<string, ErrorEntry>;
