import { atLeast, type ConfigDefinition, define, defineFixed } from './definition.ts'

const unlimited = '2147483647'

const validatorClasses = [
  '',
  'org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler',
  'org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerValidatorCallbackHandler',
]

/** Settings that `listener.name.<listener>.` in front of them makes for one listener alone. */
export const perListener: readonly ConfigDefinition[] = [
  define(
    'max.connections',
    'int',
    '10000',
    'Connections beyond this are refused; of a listener, beyond its own number.',
    atLeast(0),
  ),
  define(
    'max.connection.creation.rate',
    'int',
    unlimited,
    'Connections per second beyond which new ones wait; of a listener, its own rate.',
    atLeast(0),
  ),
  defineFixed(
    'connection.authentication.timeout.ms',
    'int',
    '10000',
    'Ours: who has not authenticated by then, TLS handshake included, is dropped.',
    atLeast(1),
  ),
  defineFixed(
    'connection.failed.authentication.delay.ms',
    'int',
    '100',
    'How long the answer to a failed attempt is held back.',
    atLeast(0),
  ),
  defineFixed(
    'connections.max.reauth.ms',
    'long',
    '0',
    'How long a session lasts before it must authenticate again; 0 for ever.',
    atLeast(0),
  ),
  defineFixed(
    'sasl.enabled.mechanisms',
    'list',
    'SCRAM-SHA-256,SCRAM-SHA-512',
    'Mechanisms of listeners with SASL (Kafka: GSSAPI, which is not served).',
    { oneOf: ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] },
  ),
  defineFixed(
    'sasl.server.max.receive.size',
    'int',
    '524288',
    'Largest request before authentication; a larger one closes its connection.',
    atLeast(1),
  ),
  defineFixed(
    'sasl.oauthbearer.jwks.endpoint.url',
    'string',
    '',
    'Where the keys of the issuer are, as JWKS: http:, https: or file:.',
  ),
  defineFixed(
    'sasl.oauthbearer.jwks.endpoint.refresh.ms',
    'long',
    '3600000',
    'How long the keys are good.',
    atLeast(1),
  ),
  defineFixed('sasl.oauthbearer.expected.issuer', 'string', '', 'The claim iss that tokens must have; empty for any.'),
  defineFixed(
    'sasl.oauthbearer.expected.audience',
    'list',
    '',
    'Of these the claim aud of a token must have one; empty for any.',
  ),
  defineFixed('sasl.oauthbearer.clock.skew.seconds', 'int', '30', 'How far clocks may differ.', atLeast(0)),
  defineFixed('sasl.oauthbearer.scope.claim.name', 'string', 'scope', 'The claim with the scope.'),
  defineFixed('sasl.oauthbearer.sub.claim.name', 'string', 'sub', 'The claim with the name of the principal.'),
  defineFixed(
    'sasl.server.callback.handler.class',
    'string',
    '',
    "Accepted for OAUTHBEARER with the name of Kafka's validator, whose work is done here.",
    { oneOf: validatorClasses },
  ),
  defineFixed('ssl.keystore.type', 'string', 'PEM', 'Form of the keystore: PEM or PKCS12 (Kafka: JKS).', {
    oneOf: ['PEM', 'PKCS12', 'JKS'],
  }),
  defineFixed('ssl.keystore.location', 'string', '', 'File with private key and certificate chain.'),
  defineFixed('ssl.keystore.password', 'password', '', 'Password of a PKCS12 keystore.'),
  defineFixed('ssl.key.password', 'password', '', 'Password of the private key.'),
  defineFixed('ssl.keystore.key', 'password', '', 'Private key in PEM, or the file with it.'),
  defineFixed(
    'ssl.keystore.certificate.chain',
    'password',
    '',
    'Certificate and those it is signed with, in PEM, or the file with them.',
  ),
  defineFixed('ssl.truststore.type', 'string', 'PEM', 'Form of the truststore: PEM (Kafka: JKS).', {
    oneOf: ['PEM', 'PKCS12', 'JKS'],
  }),
  defineFixed('ssl.truststore.location', 'string', '', 'File with the certificates that clients must be signed with.'),
  defineFixed('ssl.truststore.password', 'password', '', 'Accepted; PEM files have none.'),
  defineFixed('ssl.truststore.certificates', 'password', '', 'The trusted certificates in PEM, or the file with them.'),
  defineFixed('ssl.client.auth', 'string', 'none', 'Whether clients show a certificate: none, requested or required.', {
    oneOf: ['none', 'requested', 'required'],
  }),
  defineFixed('ssl.enabled.protocols', 'list', 'TLSv1.2,TLSv1.3', 'Versions of TLS.', {
    oneOf: ['TLSv1.2', 'TLSv1.3'],
  }),
  defineFixed('ssl.protocol', 'string', 'TLSv1.3', 'Accepted; ssl.enabled.protocols decides.'),
  defineFixed('ssl.cipher.suites', 'list', '', "Cipher suites by their IANA or OpenSSL names; empty for Node's."),
  defineFixed(
    'ssl.principal.mapping.rules',
    'string',
    'DEFAULT',
    "Rules that make a principal's name of a certificate's distinguished name.",
  ),
]

/** Only with a listener and a mechanism in front: `listener.name.external.plain.sasl.jaas.config`. */
export const perMechanism: readonly ConfigDefinition[] = [
  defineFixed('sasl.jaas.config', 'password', '', 'Users of PLAIN: user_alice="secret" for each.'),
]

/** The one value that switches ACLs on. */
export const standardAuthorizer = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'

/** Settings about listeners, who may come in and what they may do. */
export const securityConfigDefinitions: readonly ConfigDefinition[] = [
  defineFixed(
    'allow.everyone.if.no.acl.found',
    'boolean',
    'false',
    'Whether everyone may do everything to a resource that no ACL is about.',
  ),
  defineFixed(
    'authorizer.class.name',
    'string',
    '',
    "Empty: everyone may do everything. The name of Kafka's StandardAuthorizer: ACLs decide, as it does.",
    { oneOf: ['', standardAuthorizer] },
  ),
  defineFixed('super.users', 'string', '', 'Principals that may do everything: User:admin;User:operator.'),
  defineFixed(
    'advertised.listeners',
    'list',
    '',
    'What clients are told to connect to, by listener; default: listeners.',
  ),
  defineFixed('inter.broker.listener.name', 'string', '', 'Accepted; there is one node.'),
  defineFixed(
    'listener.security.protocol.map',
    'string',
    'PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL',
    'Which protocol a listener speaks.',
  ),
  defineFixed(
    'listeners',
    'list',
    'PLAINTEXT://127.0.0.1:9092',
    'Where to listen: NAME://host:port, … (Kafka: :9092).',
  ),
  define('max.connections.per.ip', 'int', unlimited, 'Connections of one address beyond this are refused.', atLeast(0)),
  defineFixed(
    'max.connections.per.ip.overrides',
    'string',
    '',
    'Other numbers for some addresses: 10.0.0.1:200,10.0.0.2:0.',
  ),
  defineFixed('sasl.mechanism.inter.broker.protocol', 'string', '', 'Accepted; there is one node.'),
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
