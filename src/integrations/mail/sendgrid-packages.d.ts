/**
 * The packages' own types only know the singletons that they export by default, which TypeScript then takes for all
 * there is. These are the classes beside them, as far as we use them.
 */
declare module '@sendgrid/client' {
  export class Client {
    /** Also puts the base address back to the package's own. */
    setApiKey(apiKey: string): void;
    /** Merged into each request and handed to axios. */
    setDefaultRequest(defaults: {
      readonly baseUrl: string;
      readonly timeout: number;
      readonly signal: AbortSignal;
      readonly proxy: false;
      readonly maxRedirects: number;
      readonly maxContentLength: number;
      readonly httpAgent: import('node:http').Agent;
      readonly httpsAgent: import('node:https').Agent;
    }): this;
  }
}

declare module '@sendgrid/mail' {
  import type { Client } from '@sendgrid/client';

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

  export interface ClientResponse {
    readonly statusCode: number;
    readonly body: unknown;
    readonly headers: Readonly<Record<string, unknown>>;
  }

  export class MailService {
    setClient(client: Client): void;
    send(mail: MailData): Promise<[ClientResponse, unknown]>;
  }
}
