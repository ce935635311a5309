/**
 * The packages' own types only know the singletons that they export by default, which TypeScript then takes for all
 * there is. These are the classes beside them, as far as we use them.
 */
declare module '@sendgrid/mail' {
  interface Address {
    readonly email: string;
    readonly name?: string;
  }

  export interface MailData {
    readonly from: Address;
    readonly to: Address;
    readonly subject: string;
    readonly text: string;
    readonly html: string;
    readonly categories: readonly string[];
    readonly customArgs: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly attachments?: readonly {
      readonly content: string;
      readonly filename: string;
      readonly type: string;
      readonly disposition: 'attachment';
    }[];
    readonly trackingSettings: {
      readonly clickTracking: { readonly enable: boolean; readonly enableText: boolean };
    };
  }

  /** What carries the requests; the package's own is `@sendgrid/client`. */
  interface Client {
    request(request: { readonly url: string; readonly body: unknown }): Promise<void>;
  }

  export class MailService {
    setClient(client: Client): void;
    send(mail: MailData): Promise<void>;
  }
}
