import type { BrokerCore } from '../../core/broker-core.ts'
import { listElements } from '../../core/config/definition.ts'
import { jaasUsers } from '../../core/security/jaas.ts'
import type { ListenerSettings } from '../../core/security/listener-settings.ts'
import { oauthBearerMechanism } from '../../core/security/sasl/oauth-bearer.ts'
import { plainMechanism } from '../../core/security/sasl/plain.ts'
import type { SaslMechanism, SaslPolicy } from '../../core/security/sasl/sasl-exchange.ts'
import { scramMechanism } from '../../core/security/sasl/scram.ts'
import { isScramMechanism } from '../../core/security/sasl/scram-keys.ts'
import { brokerError } from '../../errors.ts'

/** Names and passwords that the broker was started with. */
export type Users = Readonly<Record<string, string>>

/** The mechanisms of a listener with SASL. Rejects with BROKER_CONFIG_INVALID when one cannot be offered. */
export async function saslPolicy(core: BrokerCore, listener: ListenerSettings, users: Users): Promise<SaslPolicy> {
  const names = listElements(core.config.ofListener(listener.name, 'sasl.enabled.mechanisms'))
  if (names.length === 0) throw invalid(listener, 'sasl.enabled.mechanisms', 'names no mechanism')
  const mechanisms = await Promise.all(names.map((name) => mechanism(core, listener, name, users)))
  return {
    mechanisms: new Map(mechanisms.map((one) => [one.name, one])),
    failureDelayMs: Number(core.config.ofListener(listener.name, 'connection.failed.authentication.delay.ms')),
  }
}

async function mechanism(
  core: BrokerCore,
  listener: ListenerSettings,
  name: string,
  users: Users,
): Promise<SaslMechanism> {
  const setting = (key: string): string => core.config.ofListener(listener.name, key, name)
  const maxReauthMs = Number(setting('connections.max.reauth.ms'))
  if (isScramMechanism(name)) {
    for (const [user, password] of Object.entries(users)) core.scram.bootstrap(name, user, password)
    return scramMechanism(name, core.scram, maxReauthMs)
  }
  if (name === 'OAUTHBEARER') {
    // Loaded where it is needed: most brokers start without it.
    const { tokenVerifier } = await import('./token-verifier.ts')
    return oauthBearerMechanism(tokenVerifier(setting, listener.name), maxReauthMs)
  }
  return plainMechanism(plainUsers(listener, setting('sasl.jaas.config'), users), maxReauthMs)
}

function plainUsers(listener: ListenerSettings, jaas: string, users: Users): Map<string, string> {
  const name = `listener.name.${listener.name.toLowerCase()}.plain.sasl.jaas.config`
  let own: Map<string, string>
  try {
    own = jaasUsers(jaas)
  } catch (error) {
    throw invalid(listener, name, `cannot be read: ${(error as Error).message}`)
  }
  const all = new Map([...Object.entries(users), ...own])
  if (all.size === 0)
    throw invalid(listener, name, 'names no users, and there are no others; PLAIN needs user_alice="secret"')
  return all
}

function invalid(listener: ListenerSettings, name: string, problem: string): Error {
  const message = `${name} of listener ${listener.name} ${problem}`
  return brokerError('BROKER_CONFIG_INVALID', message, { name, listener: listener.name })
}
