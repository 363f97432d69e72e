import type { Config } from '../config/schema.ts'
import { type IndexSettings, indexesOf, sourcesOf } from '../config/sources.ts'
import type { GateSettings } from '../gate/create-gate.ts'
import { reservedNames } from './indexes.ts'

export function gateSettings(
  config: Config,
  own: IndexSettings,
  state: { readonly listenUrl: () => string; readonly draining: () => boolean },
): GateSettings {
  const { publicUrl, index, files, findings, journal } = config
  return {
    publicUrl,
    indexPath: own.path,
    indexName: indexesOf(config).length > 1 ? own.name : undefined,
    name: own.name,
    isSourced: sourcesOf(config).length > 1,
    mode: own.mode,
    maxAge: index.maxAge,
    maxStale: index.maxStale,
    negativeTtl: findings.negativeTtl,
    keep: journal.keep,
    spool: files.spool,
    maxSize: files.maxSize,
    metadata: files.metadata,
    ...reservedNames(config, own),
    ...state,
  }
}
