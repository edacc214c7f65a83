import { startBroker } from '@millrace/broker'
import { registerSecurityAdminTests } from './security-admin-suite.ts'

registerSecurityAdminTests('on the embedded broker', () =>
  startBroker({
    memory: true,
    worker: false,
    users: { admin: 'admin', alice: 'alice' },
    superUsers: ['admin'],
    config: {
      listeners: 'SASL_PLAINTEXT://127.0.0.1:0',
      'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
    },
  }),
)
