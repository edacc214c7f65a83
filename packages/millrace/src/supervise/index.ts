export { type ProcessSpec, ProcessTree, type ProcessTreeOptions } from './process-tree.ts'
