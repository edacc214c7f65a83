export { type ProcessSpec, ProcessTree, type ProcessTreeOptions } from './process-tree.ts'
export { untilShutdown } from './until-shutdown.ts'
