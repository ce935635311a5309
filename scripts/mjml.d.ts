/** The package has no types of its own; this is what we use of it. */
declare module 'mjml' {
  export default function mjml2html(
    source: string,
    options: { readonly validationLevel: 'strict'; readonly fonts: Readonly<Record<string, string>> },
  ): Promise<{ readonly html: string; readonly errors: readonly { readonly message: string }[] }>;
}
