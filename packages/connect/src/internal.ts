export { connectErrors } from './errors.ts'
export { PositionStore } from './runtime/position-store.ts'
