import { counted } from './output.ts'

interface Listener {
  readonly listener: string
  readonly securityProtocol: string
}

/** What `millrace broker` was asked for, as far as one part of it can make another pointless. */
export interface BrokerRequest {
  readonly listeners: readonly Listener[]
  readonly config: Readonly<Record<string, string>>
  /** Names of users given with passwords. */
  readonly users: readonly string[]
  readonly superUsers: readonly string[]
  readonly durability: 'write' | 'fsync'
  readonly inMemory: boolean
  /** Whether there was data before: users may be stored in it. */
  readonly hadData: boolean
}

/** One line for each thing that cannot do what was asked. */
export function brokerWarnings(request: BrokerRequest): string[] {
  const { listeners, users, superUsers, durability, inMemory } = request
  const warnings: string[] = []
  const isSasl = ({ securityProtocol }: Listener): boolean => securityProtocol.startsWith('SASL_')
  if (inMemory && durability === 'fsync') {
    warnings.push('--durability fsync does nothing for data in memory; --data <dir> keeps it')
  }
  // Whom nobody asks who he is can still be named.
  const named = superUsers.filter((name) => name.replace(/^User:/, '') !== 'ANONYMOUS')
  if (named.length > 0 && !listeners.some((one) => isSasl(one) || asksForCertificate(request.config, one))) {
    warnings.push(
      `no listener authenticates, so nobody can be super user ${named.join(', ')} and all are User:ANONYMOUS; --config listeners=SASL_SSL://… has one that does`,
    )
  }
  if (users.length > 0 && !listeners.some(isSasl)) {
    warnings.push(
      `no listener asks for the password of the ${counted(users.length, 'user')} given; --config listeners=SASL_SSL://… has one that does`,
    )
  }
  if (users.length === 0 && !request.hadData) {
    for (const one of listeners) {
      if (isSasl(one) && onlyScram(request.config, one.listener)) {
        warnings.push(
          `listener ${one.listener} (${one.securityProtocol}) has no user who could log in; --users-file names some`,
        )
      }
    }
  }
  return warnings
}

function asksForCertificate(config: BrokerRequest['config'], { listener, securityProtocol }: Listener): boolean {
  return securityProtocol === 'SSL' && (ofListener(config, listener, 'ssl.client.auth') ?? 'none') !== 'none'
}

/** The broker does not start with PLAIN and no users, and tokens of OAUTHBEARER have their users elsewhere. */
function onlyScram(config: BrokerRequest['config'], listener: string): boolean {
  const mechanisms = ofListener(config, listener, 'sasl.enabled.mechanisms') ?? 'SCRAM-SHA-256,SCRAM-SHA-512'
  return mechanisms.split(',').every((name) => name.trim().startsWith('SCRAM-'))
}

function ofListener(config: BrokerRequest['config'], listener: string, name: string): string | undefined {
  return config[`listener.name.${listener.toLowerCase()}.${name}`] ?? config[name]
}

/** A warning about a file with passwords that others on the machine may read, by its mode. */
export function readableByOthers(path: string, mode: number): string | undefined {
  const rights = mode & 0o777
  return (rights & 0o077) === 0
    ? undefined
    : `${path} has passwords and others may use it (mode ${rights.toString(8)}); chmod 600 ${path}`
}
