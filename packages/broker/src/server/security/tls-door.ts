import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import type { BrokerConfig } from '../../core/config/broker-config.ts'
import { subjectName } from '../../core/security/distinguished-name.ts'
import type { ListenerSettings } from '../../core/security/listener-settings.ts'
import type { Principal } from '../../core/security/principal.ts'
import { type PrincipalMapping, principalMapping } from '../../core/security/principal-mapping.ts'
import { brokerError } from '../../errors.ts'
import { type ClientAuth, tlsSettings } from './tls-settings.ts'

interface TlsDoorEvents {
  /** The handshake is done; the principal is the certificate's, where one was shown. */
  entered(socket: TLSSocket, principal: Principal | undefined): void
  refused(clientHost: string, reason: string, cause?: unknown): void
}

/** The TLS handshake in front of a listener's connections; what does not finish it by the deadline is dropped. */
export class TlsDoor {
  readonly #server: Server
  readonly #clientAuth: ClientAuth
  readonly #mapping: PrincipalMapping
  readonly #on: TlsDoorEvents

  /** Throws BROKER_TLS_INVALID or BROKER_CONFIG_INVALID. */
  constructor(config: BrokerConfig, listener: ListenerSettings, on: TlsDoorEvents) {
    const { options, clientAuth } = tlsSettings(config, listener)
    this.#clientAuth = clientAuth
    this.#mapping = mappingOf(config, listener)
    this.#on = on
    // The server never listens: it is handed sockets that the listener has accepted and counted.
    this.#server = createServer(options)
    this.#server.on('secureConnection', (socket) => this.#secured(socket))
    this.#server.on('tlsClientError', (error, socket) => {
      this.#on.refused(socket.remoteAddress ?? 'unknown', `the TLS handshake failed: ${error.message}`, error)
      socket.destroy()
    })
  }

  enter(socket: Socket): void {
    this.#server.emit('connection', socket)
  }

  #secured(socket: TLSSocket): void {
    const clientHost = socket.remoteAddress ?? 'unknown'
    const refuse = (reason: string): void => {
      socket.destroy()
      this.#on.refused(clientHost, reason)
    }
    const certificate = this.#clientAuth === 'none' ? undefined : socket.getPeerX509Certificate()
    if (!certificate) {
      this.#on.entered(socket, undefined)
      return
    }
    // Where a certificate is only requested, a bad one must not count either.
    if (!socket.authorized) {
      refuse(`the client's certificate is not trusted: ${String(socket.authorizationError)}`)
      return
    }
    let name: string | undefined
    try {
      name = this.#mapping(subjectName(certificate.raw))
    } catch (error) {
      refuse(`the client's certificate cannot be read: ${(error as Error).message}`)
      return
    }
    if (name === undefined) refuse(`no rule of ssl.principal.mapping.rules fits ${certificate.subject}`)
    else this.#on.entered(socket, { type: 'User', name })
  }
}

function mappingOf(config: BrokerConfig, listener: ListenerSettings): PrincipalMapping {
  const name = 'ssl.principal.mapping.rules'
  try {
    return principalMapping(config.ofListener(listener.name, name))
  } catch (error) {
    const message = `${name} of listener ${listener.name} cannot be read: ${(error as Error).message}`
    throw brokerError('BROKER_CONFIG_INVALID', message, { name, listener: listener.name }, error)
  }
}
