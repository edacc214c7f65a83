export { pluginContext } from './testing/plugin-context.ts'
export { registerSinkTests, type SinkSubject, type SinkSuite } from './testing/sink-suite.ts'
export { registerSourceTests, type SourceSubject, type SourceSuite } from './testing/source-suite.ts'
