import { readFile } from 'node:fs/promises'
import { networkTransport, type SaslOptions, type Transport } from '@millrace/kafka'

/** How connections to brokers are secured, in plain data: workers make connections of their own. */
export interface BrokerSecurity {
  /** True trusts the authorities that Node trusts; else certificates in PEM, and for a listener that asks for one, ours. */
  readonly tls?: boolean | { readonly ca?: string; readonly cert?: string; readonly key?: string }
  /** A password, or the file that whoever renews the token writes: it is read for every connection. */
  readonly sasl?:
    | Exclude<SaslOptions, { readonly mechanism: 'OAUTHBEARER' }>
    | { readonly mechanism: 'OAUTHBEARER'; readonly tokenFile: string }
}

export function secureTransport({ tls, sasl }: BrokerSecurity): Transport {
  return networkTransport({ ...(tls !== undefined && { tls }), ...(sasl && { sasl: saslOf(sasl) }) })
}

function saslOf(sasl: NonNullable<BrokerSecurity['sasl']>): SaslOptions {
  if (sasl.mechanism !== 'OAUTHBEARER') return sasl
  const { mechanism, tokenFile } = sasl
  return { mechanism, token: async () => (await readFile(tokenFile, 'utf8')).trim() }
}
