// `npm run generate [-- --jar PATH …]`: the tables of `packages/protocol` from the definitions in Kafka's jars.
// `npm run generate -- --fixtures`: the bytes its tests compare with, from Kafka's own classes (Java 17 and Maven).
import { generateProtocol } from './generate-protocol.ts'

const args = process.argv.slice(2)
if (args.includes('--fixtures')) await import('../conformance/java/make-protocol-fixtures.ts')
else generateProtocol(args)
