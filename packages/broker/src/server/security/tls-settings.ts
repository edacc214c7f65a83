import { constants, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createSecureContext, type TlsOptions } from 'node:tls'
import type { BrokerConfig } from '../../core/config/broker-config.ts'
import { listElements } from '../../core/config/definition.ts'
import type { ListenerSettings } from '../../core/security/listener-settings.ts'
import { brokerError } from '../../errors.ts'

export type ClientAuth = 'none' | 'requested' | 'required'

export interface TlsSettings {
  readonly options: TlsOptions
  readonly clientAuth: ClientAuth
}

type Setting = (name: string) => string

/** Reads key, certificates and rules of a listener with TLS. Throws BROKER_TLS_INVALID. */
export function tlsSettings(config: BrokerConfig, listener: ListenerSettings): TlsSettings {
  const setting: Setting = (name) => config.ofListener(listener.name, name).trim()
  const auth = clientAuth(config, listener)
  const versions = listElements(setting('ssl.enabled.protocols')) as ('TLSv1.2' | 'TLSv1.3')[]
  if (versions.length === 0) throw invalid('ssl.enabled.protocols', 'names no version of TLS')
  const suites = listElements(setting('ssl.cipher.suites')).map(opensslName)
  const options: TlsOptions = {
    ...identity(setting),
    ...(auth === 'none' ? {} : { ca: trusted(setting), requestCert: true, rejectUnauthorized: auth === 'required' }),
    // A resumed session would let a client in by a certificate that is not looked at again.
    ...(auth === 'none' ? {} : { secureOptions: constants.SSL_OP_NO_TICKET }),
    minVersion: versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
    maxVersion: versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
    ...(suites.length === 0 ? {} : { ciphers: suites.join(':') }),
    handshakeTimeout: Number(setting('connection.authentication.timeout.ms')),
  }
  try {
    createSecureContext(options)
  } catch (error) {
    const about = suites.length === 0 ? 'ssl.keystore.location' : 'ssl.cipher.suites'
    throw invalid(about, `cannot be used: ${(error as Error).message}`, error)
  }
  return { options, clientAuth: auth }
}

/** On listeners with SASL the broker-wide setting does not count, as in Kafka: clients prove who they are by SASL (KIP-684). */
export function clientAuth(config: BrokerConfig, { name, securityProtocol }: ListenerSettings): ClientAuth {
  const own = config.isOfListener(name, 'ssl.client.auth')
  if (securityProtocol === 'SASL_SSL' && !own) return 'none'
  return config.ofListener(name, 'ssl.client.auth') as ClientAuth
}

/** The broker's own key and certificate chain. */
function identity(setting: Setting): TlsOptions {
  const location = setting('ssl.keystore.location')
  const type = setting('ssl.keystore.type')
  const keyPassword = setting('ssl.key.password')
  if (type === 'JKS') throw invalid('ssl.keystore.type', `JKS is not read; ${fromJks(location)}`)
  if (type === 'PKCS12') {
    const passphrase = setting('ssl.keystore.password')
    const pfx = fileOf('ssl.keystore.location', location)
    try {
      createSecureContext({ pfx, passphrase })
    } catch (error) {
      const reason = `${location} cannot be opened as PKCS12 with ssl.keystore.password: ${(error as Error).message}`
      throw invalid('ssl.keystore.location', reason, error)
    }
    return { pfx, passphrase }
  }
  const [keySetting, chainSetting] =
    location === ''
      ? (['ssl.keystore.key', 'ssl.keystore.certificate.chain'] as const)
      : (['ssl.keystore.location', 'ssl.keystore.location'] as const)
  const key = pem(keySetting, setting(keySetting))
  const cert = pem(chainSetting, setting(chainSetting))
  checkPair(keySetting, privateKey(keySetting, key, keyPassword), certificates(chainSetting, cert)[0]!)
  return { key, cert, ...(keyPassword === '' ? {} : { passphrase: keyPassword }) }
}

function privateKey(setting: string, key: string, passphrase: string): KeyObject {
  try {
    return createPrivateKey(passphrase === '' ? key : { key, passphrase })
  } catch (error) {
    const isEncrypted = /ENCRYPTED/.test(key)
    const isThere = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(key)
    let problem = 'has a private key that cannot be read'
    if (!isThere) problem = 'has no private key in PEM (-----BEGIN PRIVATE KEY-----)'
    else if (isEncrypted && passphrase === '') problem = 'has an encrypted private key; ssl.key.password is missing'
    else if (isEncrypted) problem = 'has an encrypted private key that ssl.key.password does not open'
    throw invalid(setting, problem, error)
  }
}

function checkPair(setting: string, key: KeyObject, certificate: X509Certificate): void {
  if (certificate.checkPrivateKey(key)) return
  const subject = certificate.subject.replaceAll('\n', ', ')
  throw invalid(
    setting,
    `has a private key that is not that of the certificate (${subject}), which must be the first of its chain`,
  )
}

/** What clients' certificates must be signed with. Without any, every client that some public authority knows would come in. */
function trusted(setting: Setting): string {
  const location = setting('ssl.truststore.location')
  const type = setting('ssl.truststore.type')
  if (type !== 'PEM') {
    const remedy =
      type === 'JKS' ? fromJks(location) : `convert it: openssl pkcs12 -in ${location} -nokeys -out truststore.pem`
    throw invalid('ssl.truststore.type', `${type} is not read for truststores; ${remedy}`)
  }
  const name = location === '' ? 'ssl.truststore.certificates' : 'ssl.truststore.location'
  const text = setting(name)
  if (text === '')
    throw invalid(name, 'is missing; ssl.client.auth needs the certificates that clients are signed with')
  const ca = pem(name, text)
  certificates(name, ca)
  return ca
}

/** PEM as it stands in the setting, or the file that the setting names. */
function pem(setting: string, value: string): string {
  return value.includes('-----BEGIN') ? value : fileOf(setting, value).toString('utf8')
}

function fileOf(setting: string, path: string): Buffer {
  if (path === '') throw invalid(setting, 'is missing')
  try {
    return readFileSync(path)
  } catch (error) {
    throw invalid(setting, `names ${path}, which cannot be read (${(error as NodeJS.ErrnoException).code})`, error)
  }
}

function certificates(setting: string, text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g)
  if (!blocks) throw invalid(setting, 'has no certificate in PEM (-----BEGIN CERTIFICATE-----)')
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block)
    } catch (error) {
      throw invalid(setting, `has a certificate that cannot be read, number ${index + 1}`, error)
    }
  })
}

/** Java's names of TLS 1.2 suites in OpenSSL's spelling: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is ECDHE-RSA-AES128-GCM-SHA256. */
function opensslName(suite: string): string {
  const match = /^TLS_(.+)_WITH_(.+)$/.exec(suite)
  if (!match) return suite
  const cipher = match[2]!.replace(/AES_(\d+)/, 'AES$1').replace(/^(CHACHA20_POLY1305)_SHA256$/, '$1')
  return `${match[1]}-${cipher}`.replace(/^RSA-/, '').replaceAll('_', '-')
}

function fromJks(location: string): string {
  const path = location === '' ? 'keystore.jks' : location
  return `convert it: keytool -importkeystore -srckeystore ${path} -destkeystore keystore.p12 -deststoretype PKCS12`
}

function invalid(setting: string, problem: string, cause?: unknown): Error {
  return brokerError('BROKER_TLS_INVALID', `${setting} ${problem}`, { name: setting }, cause)
}
