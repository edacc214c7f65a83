import { type Broker, startBroker } from '@millrace/broker'
import { type ApacheKafka, startApacheKafka } from '../kafka/apache-kafka.ts'

export const password = 'secret'

/** What a Java client of the super user logs in with. */
export const adminLogin = `org.apache.kafka.common.security.plain.PlainLoginModule required username="admin" password="${password}"`

/** Both brokers, on which ACLs decide about all users but `admin`, who log in by PLAIN with `password`. */
export interface BrokersWithAcls {
  readonly kafka: ApacheKafka
  readonly millrace: Broker
  close(): Promise<void>
}

export async function startBrokersWithAcls(
  users: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<BrokersWithAcls> {
  const config = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'sasl.enabled.mechanisms': 'PLAIN',
    ...more,
  }
  const jaas = [adminLogin, ...users.map((user) => `user_${user}="${password}"`)].join(' ')
  const millrace = await startBroker({
    memory: true,
    users: Object.fromEntries(users.map((user) => [user, password])),
    config: { ...config, 'super.users': 'User:admin', listeners: 'SASL_PLAINTEXT://127.0.0.1:0' },
  })
  const kafka = await startApacheKafka({
    config: {
      ...config,
      'super.users': 'User:admin;User:ANONYMOUS',
      'listener.security.protocol.map': 'PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'sasl.mechanism.inter.broker.protocol': 'PLAIN',
      'listener.name.plaintext.plain.sasl.jaas.config': `${jaas};`,
    },
  }).catch(async (error: unknown) => {
    await millrace.close()
    throw error
  })
  return {
    kafka,
    millrace,
    async close() {
      await millrace.close()
      await kafka.close()
    },
  }
}
