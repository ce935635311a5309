import type { Request, Response } from 'express';
import type { FormTokens } from './form-tokens.ts';
import { nextPage } from './next-page.ts';
import { signInPage } from './pages.ts';

/** Shows the sign-in page. @param next where to go on afterwards, as somebody asked; @param fault what went wrong before */
export type ShowSignIn = (request: Request, response: Response, next: unknown, fault?: string) => void;

export interface SignInViewOptions {
  readonly adminUser: string;
  readonly withPassword: boolean;
  readonly withOidc: boolean;
  readonly forms: FormTokens;
}

/** The sign-in page with the ways in that there are. */
export function createSignInView({
  adminUser,
  withPassword,
  withOidc,
  forms,
}: SignInViewOptions): ShowSignIn {
  return (request, response, next, fault) => {
    response.send(
      signInPage({
        formToken: forms.issue(request, response),
        next: nextPage(next),
        user: adminUser,
        withPassword,
        withOidc,
        ...(fault === undefined ? {} : { fault }),
      }),
    );
  };
}
