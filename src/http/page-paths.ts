/** Where the pages for people are. */
export const paths = {
  home: '/admin',
  board: '/admin/queues',
  mails: '/admin/mails',
  signIn: '/admin/sign-in',
  oidc: '/admin/sign-in/oidc',
  signOut: '/admin/sign-out',
  style: '/admin/style.css',
} as const;
