/** Notices to other people's servers, signed after Standard Webhooks (https://www.standardwebhooks.com). */
export interface WebhookSender {
  /**
   * POSTs JSON, once. The same `id` again is the same notice, as the receiver can tell.
   * @throws MillraceError WEBHOOK_REFUSED (never retried), WEBHOOK_UNAVAILABLE; RateLimitedError when the receiver asks to
   * wait; the signal's reason.
   */
  send(
    notice: { readonly url: string; readonly id: string; readonly body: object },
    signal: AbortSignal,
  ): Promise<{ readonly httpStatus: number }>;
}
