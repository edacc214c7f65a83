import { registerSecurityAdminTests } from '../../packages/kafka/test/security-admin-suite.ts'
import { apacheKafkaUnavailable, startApacheKafka } from './apache-kafka.ts'

const plain = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="admin"'
const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;'

registerSecurityAdminTests(
  'on Apache Kafka',
  () =>
    startApacheKafka({
      config: {
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        // The controller's listener has no authentication.
        'super.users': 'User:admin;User:ANONYMOUS',
        'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
        'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
        'sasl.mechanism.inter.broker.protocol': 'PLAIN',
        'listener.name.plaintext.plain.sasl.jaas.config': `${plain} user_admin="admin" user_alice="alice";`,
        'listener.name.plaintext.scram-sha-256.sasl.jaas.config': scram,
        'listener.name.plaintext.scram-sha-512.sasl.jaas.config': scram,
      },
    }),
  apacheKafkaUnavailable(),
)
