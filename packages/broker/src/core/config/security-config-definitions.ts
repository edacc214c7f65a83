import type { ConfigDefinition } from './definition.ts'

type Limits = Pick<ConfigDefinition, 'range' | 'oneOf'>

/** Read once at the start; a changed listener needs a restart. */
function fixed(
  name: string,
  type: ConfigDefinition['type'],
  defaultValue: string,
  documentation: string,
  limits: Limits = {},
): ConfigDefinition {
  return { name, type, defaultValue, documentation, fixed: true, ...limits }
}

function alterable(name: string, defaultValue: string, documentation: string): ConfigDefinition {
  return { name, type: 'int', defaultValue, documentation, ...atLeast(0) }
}

const atLeast = (min: number): { range: [number, number] } => ({ range: [min, Number.POSITIVE_INFINITY] })
const unlimited = '2147483647'

const validatorClasses = [
  '',
  'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
  'org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerValidatorCallbackHandler',
]

/** Settings that `listener.name.<listener>.` in front of them makes for one listener alone. */
export const perListener: readonly ConfigDefinition[] = [
  alterable('max.connections', '10000', 'Connections beyond this are refused; of a listener, beyond its own number.'),
  alterable(
    'max.connection.creation.rate',
    unlimited,
    'Connections per second beyond which new ones wait; of a listener, its own rate.',
  ),
  fixed(
    'connection.authentication.timeout.ms',
    'int',
    '10000',
    'Ours: who has not authenticated by then, TLS handshake included, is dropped.',
    atLeast(1),
  ),
  fixed(
    'connection.failed.authentication.delay.ms',
    'int',
    '100',
    'How long the answer to a failed attempt is held back.',
    atLeast(0),
  ),
  fixed(
    'connections.max.reauth.ms',
    'long',
    '0',
    'How long a session lasts before it must authenticate again; 0 for ever.',
    atLeast(0),
  ),
  fixed(
    'sasl.enabled.mechanisms',
    'list',
    'SCRAM-SHA-256,SCRAM-SHA-512',
    'Mechanisms of listeners with SASL (Kafka: GSSAPI, which is not served).',
    { oneOf: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] },
  ),
  fixed(
    'sasl.server.max.receive.size',
    'int',
    '524288',
    'Largest request before authentication; a larger one closes its connection.',
    atLeast(1),
  ),
  fixed(
    'sasl.oauthbearer.jwks.endpoint.url',
    'string',
    '',
    'Where the keys of the issuer are, as JWKS: http:, https: or file:.',
  ),
  fixed('sasl.oauthbearer.jwks.endpoint.refresh.ms', 'long', '3600000', 'How long the keys are good.', atLeast(1)),
  fixed('sasl.oauthbearer.expected.issuer', 'string', '', 'The claim iss that tokens must have; empty for any.'),
  fixed(
    'sasl.oauthbearer.expected.audience',
    'list',
    '',
    'Of these the claim aud of a token must have one; empty for any.',
  ),
  fixed('sasl.oauthbearer.clock.skew.seconds', 'int', '30', 'How far clocks may differ.', atLeast(0)),
  fixed('sasl.oauthbearer.scope.claim.name', 'string', 'scope', 'The claim with the scope.'),
  fixed('sasl.oauthbearer.sub.claim.name', 'string', 'sub', 'The claim with the name of the principal.'),
  fixed(
    'sasl.server.callback.handler.class',
    'string',
    '',
    "Accepted for OAUTHBEARER with the name of Kafka's validator, whose work is done here.",
    { oneOf: validatorClasses },
  ),
  fixed('ssl.keystore.type', 'string', 'PEM', 'Form of the keystore: PEM or PKCS12 (Kafka: JKS).', {
    oneOf: ['PEM', 'PKCS12', 'JKS'],
  }),
  fixed('ssl.keystore.location', 'string', '', 'File with private key and certificate chain.'),
  fixed('ssl.keystore.password', 'password', '', 'Password of a PKCS12 keystore.'),
  fixed('ssl.key.password', 'password', '', 'Password of the private key.'),
  fixed('ssl.keystore.key', 'password', '', 'Private key in PEM, or the file with it.'),
  fixed(
    'ssl.keystore.certificate.chain',
    'password',
    '',
    'Certificate and those it is signed with, in PEM, or the file with them.',
  ),
  fixed('ssl.truststore.type', 'string', 'PEM', 'Form of the truststore: PEM (Kafka: JKS).', {
    oneOf: ['PEM', 'PKCS12', 'JKS'],
  }),
  fixed('ssl.truststore.location', 'string', '', 'File with the certificates that clients must be signed with.'),
  fixed('ssl.truststore.password', 'password', '', 'Accepted; PEM files have none.'),
  fixed('ssl.truststore.certificates', 'password', '', 'The trusted certificates in PEM, or the file with them.'),
  fixed('ssl.client.auth', 'string', 'none', 'Whether clients show a certificate: none, requested or required.', {
    oneOf: ['none', 'requested', 'required'],
  }),
  fixed('ssl.enabled.protocols', 'list', 'TLSv1.2,TLSv1.3', 'Versions of TLS.', { oneOf: ['TLSv1.2', 'TLSv1.3'] }),
  fixed('ssl.protocol', 'string', 'TLSv1.3', 'Accepted; ssl.enabled.protocols decides.'),
  fixed('ssl.cipher.suites', 'list', '', "Cipher suites by their IANA or OpenSSL names; empty for Node's."),
  fixed(
    'ssl.principal.mapping.rules',
    'string',
    'DEFAULT',
    "Rules that make a principal's name of a certificate's distinguished name.",
  ),
]

/** Only with a listener and a mechanism in front: `listener.name.external.plain.sasl.jaas.config`. */
export const perMechanism: readonly ConfigDefinition[] = [
  fixed('sasl.jaas.config', 'password', '', 'Users of PLAIN: user_alice="secret" for each.'),
]

/** The one value that switches ACLs on. */
export const standardAuthorizer = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'

/** Settings about listeners, who may come in and what they may do. */
export const securityConfigDefinitions: readonly ConfigDefinition[] = [
  fixed(
    'allow.everyone.if.no.acl.found',
    'boolean',
    'false',
    'Whether everyone may do everything to a resource that no ACL is about.',
  ),
  fixed(
    'authorizer.class.name',
    'string',
    '',
    "Empty: everyone may do everything. The name of Kafka's StandardAuthorizer: ACLs decide, as it does.",
    { oneOf: ['', standardAuthorizer] },
  ),
  fixed('super.users', 'string', '', 'Principals that may do everything: User:admin;User:operator.'),
  fixed('advertised.listeners', 'list', '', 'What clients are told to connect to, by listener; default: listeners.'),
  fixed('inter.broker.listener.name', 'string', '', 'Accepted; there is one node.'),
  fixed(
    'listener.security.protocol.map',
    'string',
    'PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'Which protocol a listener speaks.',
  ),
  fixed('listeners', 'list', 'PLAINTEXT://127.0.0.1:9092', 'Where to listen: NAME://host:port, … (Kafka: :9092).'),
  alterable('max.connections.per.ip', unlimited, 'Connections of one address beyond this are refused.'),
  fixed('max.connections.per.ip.overrides', 'string', '', 'Other numbers for some addresses: 10.0.0.1:200,10.0.0.2:0.'),
  fixed('sasl.mechanism.inter.broker.protocol', 'string', '', 'Accepted; there is one node.'),
  ...perListener,
]

const listenerPrefix = /^listener\.name\.([^.]+)\.(.+)$/
const mechanismPrefix = /^(plain|scram-sha-256|scram-sha-512|oauthbearer)\.(.+)$/

/** The definition of a setting of one listener, or of one mechanism of it. */
export function listenerConfigDefinition(name: string): ConfigDefinition | undefined {
  const ofListener = listenerPrefix.exec(name)?.[2]
  if (ofListener === undefined) return undefined
  const ofMechanism = mechanismPrefix.exec(ofListener)?.[2]
  const definition = ofMechanism
    ? [...perListener, ...perMechanism].find((one) => one.name === ofMechanism && isOfMechanism(one.name))
    : perListener.find((one) => one.name === ofListener)
  return definition && { ...definition, name }
}

function isOfMechanism(name: string): boolean {
  return name.startsWith('sasl.') || name === 'connections.max.reauth.ms'
}
