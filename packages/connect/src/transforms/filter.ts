import { configDef } from '../config/config-def.ts'
import { ofRecords } from './plugin-makers.ts'

/** Drops every record; meant to be used with a predicate. */
export const filter = ofRecords('Filter', configDef({}), () => () => undefined)
