import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { networkTransport, type SaslOptions, type Transport } from '@millrace/kafka'
import type { BrokerSecurity } from '@millrace/streams'
import type { LoadedConfig } from '../config/load-config.ts'
import type { KafkaSettingName, Setting } from '../config/settings.ts'
import { millraceError } from '../errors.ts'

/** What a command knows of logging in; paths of a configuration and its `.env` are relative to `directory`. */
export interface KafkaSecurity {
  readonly settings: Readonly<Record<KafkaSettingName, Setting>>
  readonly directory?: string
  /** What is thrown where settings do not go together. */
  readonly code: 'USAGE' | 'CONFIG_INVALID'
}

/**
 * The transport that logs in as the settings say. Certificates and passwords are read here, tokens for every connection.
 *
 * @throws USAGE or CONFIG_INVALID, as `security.code` says, when settings do not go together or a file cannot be read
 */
export async function secureTransport(security: KafkaSecurity): Promise<Transport> {
  const { tls, sasl } = await brokerSecurity(security)
  return networkTransport({ ...(tls && { tls }), ...(sasl && { sasl: saslFor(sasl, security) }) })
}

/** The same for workers, which are given it as data. @throws CONFIG_INVALID */
export function securityOf({ settings, directory }: LoadedConfig): Promise<BrokerSecurity> {
  return brokerSecurity({ settings, directory, code: 'CONFIG_INVALID' })
}

async function brokerSecurity(security: KafkaSecurity): Promise<BrokerSecurity> {
  const [tls, sasl] = [await tlsOptions(security), await saslOptions(security)]
  return { ...(tls && { tls }), ...(sasl && { sasl }) }
}

/** Tokens are read for every connection: what renews one writes the file anew. */
function saslFor(sasl: NonNullable<BrokerSecurity['sasl']>, security: KafkaSecurity): SaslOptions {
  if (sasl.mechanism !== 'OAUTHBEARER') return sasl
  const { mechanism } = sasl
  return { mechanism, token: async () => (await textOf(security.settings.tokenFile, security)).trim() }
}

/** The transport of a configuration. @throws CONFIG_INVALID */
export function transportOf({ settings, directory }: LoadedConfig): Promise<Transport> {
  return secureTransport({ settings, directory, code: 'CONFIG_INVALID' })
}

async function tlsOptions(security: KafkaSecurity): Promise<BrokerSecurity['tls']> {
  const { tls, ca, cert, certKey } = security.settings
  if (tls.value !== 'true') {
    if (cert.value === undefined && certKey.value === undefined && ca.value === undefined) return undefined
    throw millraceError(security.code, 'certificates are for listeners with TLS: add --tls, or tls: true under "kafka"')
  }
  if (cert.value === undefined && certKey.value !== undefined) {
    throw millraceError(security.code, '--cert-key needs the certificate that the key belongs to: --cert')
  }
  return {
    ...(ca.value !== undefined && { ca: await textOf(ca, security) }),
    // One PEM file may hold both, as the broker's keystore does.
    ...(cert.value !== undefined && {
      cert: await textOf(cert, security),
      key: await textOf(certKey.value === undefined ? cert : certKey, security),
    }),
  }
}

/** Passwords and tokens come from a file or the environment: arguments are for everyone on the machine to see. */
async function saslOptions(security: KafkaSecurity): Promise<BrokerSecurity['sasl']> {
  const { login, password, passwordFile, tokenFile } = security.settings
  const mechanism = security.settings.mechanism.value as SaslOptions['mechanism']
  if (mechanism === 'OAUTHBEARER') {
    if (tokenFile.value === undefined) {
      throw millraceError(security.code, '--mechanism OAUTHBEARER needs a token: --token-file')
    }
    return { mechanism, tokenFile: pathOf(tokenFile, security) }
  }
  if (tokenFile.value !== undefined) throw millraceError(security.code, '--token-file is for --mechanism OAUTHBEARER')
  const username = login.value
  if (username === undefined) return undefined
  const secret =
    passwordFile.value === undefined ? password.value : (await textOf(passwordFile, security)).replace(/\r?\n$/, '')
  if (!secret) {
    const from = '--password-file, or MILLRACE_KAFKA_PASSWORD'
    throw millraceError(security.code, `--login ${username} needs a password: ${from}`)
  }
  return { mechanism, username, password: secret }
}

function pathOf({ value, origin }: Setting, { directory = '.' }: KafkaSecurity): string {
  return resolve(origin === 'config' || origin === '.env' ? directory : '.', value ?? '')
}

async function textOf(setting: Setting, security: KafkaSecurity): Promise<string> {
  const { code } = security
  const path = pathOf(setting, security)
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw millraceError(code, `${path} cannot be read`, { path }, error)
  }
}
