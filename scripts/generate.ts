import { generateProtocol } from './generate-protocol.ts'

generateProtocol(process.argv.slice(2))
