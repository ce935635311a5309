/**
 * The packages' own types only know the singletons that they export by default, which TypeScript then takes for all
 * there is. These are the classes beside them, as far as we use them.
 */
declare module '@sendgrid/mail' {
  /** What carries the requests; the package's own is `@sendgrid/client`. */
  interface Client {
    request(request: { readonly url: string; readonly body: unknown }): Promise<void>;
  }

  export class MailService {
    setClient(client: Client): void;
    send(mail: import('@sendgrid/helpers').classes.Mail): Promise<void>;
  }
}

declare module '@sendgrid/helpers' {
  interface Address {
    readonly email: string;
    readonly name?: string;
  }

  interface Attachment {
    readonly content: string;
    readonly filename: string;
    readonly type: string;
    readonly disposition: 'attachment';
  }

  export namespace classes {
    class Personalization {
      setTo(to: Address): void;
    }

    class Mail {
      setFrom(from: Address): void;
      addPersonalization(personalization: Personalization): void;
      setSubject(subject: string): void;
      addTextContent(text: string): void;
      addHtmlContent(html: string): void;
      setCategories(categories: readonly string[]): void;
      setCustomArgs(args: Readonly<Record<string, string>>): void;
      setHeaders(headers: Readonly<Record<string, string>>): void;
      setAttachments(attachments: readonly Attachment[]): void;
      setTrackingSettings(settings: {
        readonly clickTracking: { readonly enable: boolean; readonly enableText: boolean };
      }): void;
    }
  }
}
