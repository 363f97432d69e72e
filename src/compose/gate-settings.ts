import type { Config } from '../config/schema.ts'
import { matchesName } from '../domain/base/glob.ts'
import type { ProjectName } from '../domain/packaging/name.ts'
import type { GateSettings } from '../gate/create-gate.ts'

export function gateSettings(
  config: Config,
  state: { readonly listenUrl: () => string; readonly draining: () => boolean },
): GateSettings {
  const { publicUrl, index, files, findings, journal } = config
  return {
    publicUrl,
    mode: index.mode,
    maxAge: index.maxAge,
    maxStale: index.maxStale,
    negativeTtl: findings.negativeTtl,
    keep: journal.keep,
    spool: files.spool,
    maxSize: files.maxSize,
    metadata: files.metadata,
    isInternal: internalNames(config),
    ...state,
  }
}

/** Names that are never asked upstream (`index.internal`). */
export function internalNames({ index }: Config): (project: ProjectName) => boolean {
  return project => index.internal.some(glob => matchesName(glob, project))
}
