import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XmlDocument, XmlElement, XsdValidator } from 'libxml2-wasm';

/** What the XML of a conversion says, read by a parser that is not ours. */
export interface ConversionXml {
  readonly mapping: string;
  readonly pages: number;
  readonly fields: Readonly<Record<string, string>>;
  /** `raw` of each field. */
  readonly raws: Readonly<Record<string, string>>;
  readonly currencies: Readonly<Record<string, string>>;
  readonly items: readonly Readonly<Record<string, string>>[];
  /** The page that each item begins on. */
  readonly itemPages: readonly number[];
}

const schema = readFileSync(join(import.meta.dirname, '../../docs/conversion.xsd'), 'utf8');
const namespaces = { c: 'urn:millrace:conversion:1' };

/** Reads XML, and fails unless it is valid after `docs/conversion.xsd`. */
export function readConversionXml(xml: string): ConversionXml {
  const document = XmlDocument.fromString(xml);
  try {
    validate(document);
    const all = (path: string, from: XmlElement = document.root) =>
      from.find(path, namespaces).flatMap((node) => (node instanceof XmlElement ? [node] : []));
    const fields = all('c:fields/c:field');
    const items = all('c:lineItems/c:lineItem');
    const attribute = (element: XmlElement, name: string) => element.attr(name)?.value ?? '';
    const record = (elements: readonly XmlElement[], value: (element: XmlElement) => string) =>
      Object.fromEntries(elements.map((element) => [attribute(element, 'name'), value(element)]));
    return {
      mapping: attribute(document.root, 'mapping'),
      pages: Number(attribute(document.root, 'pages')),
      fields: record(fields, ({ content }) => content),
      raws: record(fields, (element) => attribute(element, 'raw')),
      currencies: record(
        fields.filter((element) => attribute(element, 'currency') !== ''),
        (element) => attribute(element, 'currency'),
      ),
      items: items.map((item) => record(all('c:value', item), ({ content }) => content)),
      itemPages: items.map((item) => Number(attribute(item, 'page'))),
    };
  } finally {
    document.dispose();
  }
}

function validate(document: XmlDocument): void {
  const xsd = XmlDocument.fromString(schema);
  const validator = XsdValidator.fromDoc(xsd);
  try {
    validator.validate(document);
  } finally {
    validator.dispose();
    xsd.dispose();
  }
}
