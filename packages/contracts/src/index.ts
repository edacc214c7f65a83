export { listSerde } from './list-serde.ts'
export { prepare, whenReady } from './readiness.ts'
export type { JsonForm, Serde, SerdeRole } from './serde.ts'
export { serdes } from './serdes.ts'
export {
  type AnyTopicContract,
  type KeyInput,
  type KeyOf,
  type ReadType,
  type SerdeOrSchema,
  type TopicContract,
  type TopicDeclaration,
  topic,
  type ValueInput,
  type ValueOf,
  type WriteType,
} from './topic.ts'
