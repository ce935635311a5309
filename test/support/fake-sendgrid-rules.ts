/**
 * What SendGrid checks in the body of `POST /v3/mail/send`, and in which words it refuses: its v3 specification and
 * its page on the errors of mail/send. Only rules that a mail of ours could break stand here.
 */
export interface MailFault {
  readonly message: string;
  readonly field: string | null;
}

const reservedHeaders = new Set([
  'x-sg-id',
  'x-sg-eid',
  'received',
  'dkim-signature',
  'content-type',
  'content-transfer-encoding',
  'to',
  'from',
  'subject',
  'reply-to',
  'cc',
  'bcc',
]);

const invalidAddress = 'Does not contain a valid address.';
const address = /^[^\s@<>()[\]\\,;:"]+@[^\s@.]+(\.[^\s@.]+)+$/;
const asciiOnly = /^[\x20-\x7e]*$/;

export function validateMail(body: unknown): MailFault[] {
  if (!isRecord(body)) return [{ message: 'Bad Request', field: null }];
  return [
    ...personalizations(body.personalizations, body.subject),
    ...sender(body.from),
    ...content(body.content),
    ...headers(body.headers),
    ...categories(body.categories),
    ...customArguments(body.custom_args),
  ];
}

function personalizations(list: unknown, subject: unknown): MailFault[] {
  if (!Array.isArray(list) || list.length === 0) {
    const message = 'The personalizations field is required and must have at least one personalization.';
    return [{ message, field: 'personalizations' }];
  }
  if (list.length > 1_000) {
    const message = `The personalization block is limited to 1000 personalizations per API request. You have provided ${list.length} personalizations. Please consider splitting this into multiple requests and resending your request.`;
    return [{ message, field: 'personalizations' }];
  }
  const faults: MailFault[] = [];
  const seen = new Set<string>();
  list.forEach((personalization: unknown, at) => {
    const to = isRecord(personalization) ? personalization.to : undefined;
    const field = `personalizations.${at}.to`;
    if (!Array.isArray(to) || to.length === 0) {
      const message =
        'The to array is required for all personalization objects, and must have at least one email object with a valid email address.';
      faults.push({ message, field });
      return;
    }
    to.forEach((recipient: unknown, index) => {
      faults.push(...person(recipient, `${field}.${index}`));
      const email =
        isRecord(recipient) && typeof recipient.email === 'string' ? recipient.email.toLowerCase() : '';
      if (seen.has(email)) {
        const message = `Each unique email address in the personalizations array should only be included once. We found the following duplicate(s): ${email}`;
        faults.push({ message, field: 'personalizations' });
      }
      seen.add(email);
    });
    const own = isRecord(personalization) ? personalization.subject : undefined;
    if (!isFilled(own) && !isFilled(subject)) {
      const message =
        'The subject is required. You can get around this requirement if you use a template with a subject defined or if every personalization has a subject defined.';
      faults.push({ message, field: 'subject' });
    }
  });
  return faults;
}

function person(value: unknown, field: string): MailFault[] {
  if (!isRecord(value) || typeof value.email !== 'string' || !address.test(value.email)) {
    return [{ message: invalidAddress, field: `${field}.email` }];
  }
  if (typeof value.name === 'string' && /[;,\p{Cc}]/u.test(value.name)) {
    return [{ message: 'The name may not contain the characters ; or ,', field: `${field}.name` }];
  }
  return [];
}

function sender(from: unknown): MailFault[] {
  if (!isRecord(from) || !isFilled(from.email)) {
    const message =
      'The from object must be provided for every email send. It is an object that requires the email parameter, but may also contain a name parameter.  e.g. {"email" : "example@example.com"}  or {"email" : "example@example.com", "name" : "Example Recipient"}.';
    return [{ message, field: 'from.email' }];
  }
  if (typeof from.email === 'string' && !asciiOnly.test(from.email)) {
    return [{ message: 'The from email does not support unicode.', field: 'from.email' }];
  }
  return person(from, 'from');
}

function content(parts: unknown): MailFault[] {
  if (!Array.isArray(parts) || parts.length === 0) {
    const message =
      'The content param is required unless you are using a transactional template and have defined a template_ID.';
    return [{ message, field: 'content' }];
  }
  const types = parts.map((part: unknown) => (isRecord(part) ? part.type : undefined));
  const html = types.indexOf('text/html');
  if (html !== -1 && types.indexOf('text/plain') > html) {
    const message =
      'If present, text/plain must be first, followed by text/html, followed by any other content.';
    return [{ message, field: 'content' }];
  }
  return parts.flatMap((part: unknown, at): MailFault[] => {
    if (isRecord(part) && isFilled(part.value)) return [];
    const message = 'The content value must be a string at least one character in length.';
    return [{ message, field: `content.${at}.value` }];
  });
}

function headers(given: unknown): MailFault[] {
  if (given === undefined) return [];
  if (!isRecord(given)) return [{ message: 'The headers must be an object.', field: 'headers' }];
  return Object.entries(given).flatMap(([name, value]): MailFault[] => {
    const field = `headers.${name}`;
    if (reservedHeaders.has(name.toLowerCase())) {
      return [{ message: 'Header can not be one of the reserved keys.', field }];
    }
    if (!/^[\x21-\x7e]+$/.test(name) || typeof value !== 'string' || /[\r\n]/.test(value)) {
      return [
        { message: 'Headers must be strings of ASCII characters without spaces in their names.', field },
      ];
    }
    return [];
  });
}

function categories(given: unknown): MailFault[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) return [{ message: 'The categories must be an array.', field: 'categories' }];
  if (given.length > 10) {
    const message = `There is a limit of 10 categories for each email that is sent. You provided ${given.length} categories.`;
    return [{ message, field: 'categories' }];
  }
  return given.flatMap((category: unknown, at): MailFault[] =>
    typeof category === 'string' && asciiOnly.test(category) && category.length <= 255
      ? []
      : [{ message: 'Categories must be ASCII and at most 255 characters.', field: `categories.${at}` }],
  );
}

function customArguments(given: unknown): MailFault[] {
  if (given === undefined) return [];
  if (!isRecord(given)) return [{ message: 'The custom_args must be an object.', field: 'custom_args' }];
  if (!Object.values(given).every((value) => typeof value === 'string')) {
    return [{ message: 'All values of custom arguments object must be strings', field: 'custom_args' }];
  }
  if (Buffer.byteLength(JSON.stringify(given)) >= 10_000) {
    return [{ message: 'Custom arguments may not exceed 10000 bytes.', field: 'custom_args' }];
  }
  return [];
}

function isFilled(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
