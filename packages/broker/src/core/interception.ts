/** A request as a fault hook sees it. */
export interface InterceptedRequest {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  readonly clientId: string | null
  /** The decoded request. */
  readonly body: unknown
}

/**
 * What happens to it: `rewrite` handles another body instead, `respond` answers without handling it, `drop` closes the
 * connection before it is handled, `loseReply` handles it and then closes the connection, `delay` waits first: whatever
 * follows on the same connection waits too.
 */
export type Interception =
  | { readonly kind: 'rewrite'; readonly body: unknown }
  | { readonly kind: 'respond'; readonly body: unknown }
  | { readonly kind: 'drop' }
  | { readonly kind: 'loseReply' }
  | { readonly kind: 'delay'; readonly delayMs: number }

const kinds: Readonly<Record<Interception['kind'], true>> = {
  rewrite: true,
  respond: true,
  drop: true,
  loseReply: true,
  delay: true,
}

/** What a hook returned, which untyped JavaScript may get wrong; undefined lets the request pass. Throws TypeError. */
export function checkedInterception(decision: unknown): Interception | undefined {
  if (decision === undefined || decision === null) return undefined
  const { kind } = decision as { kind?: unknown }
  if (typeof kind === 'string' && Object.hasOwn(kinds, kind)) return decision as Interception
  const what = typeof decision === 'object' ? `an object with kind ${String(kind)}` : `a ${typeof decision}`
  throw new TypeError(
    `a fault hook returns nothing or an object whose kind is ${Object.keys(kinds).join(', ')}, not ${what}`,
  )
}

/** Looks at requests of one API; undefined lets the request pass. */
export type Interceptor = (
  request: InterceptedRequest,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook that only observes returns nothing
) => Interception | undefined | void | Promise<Interception | undefined | void>
