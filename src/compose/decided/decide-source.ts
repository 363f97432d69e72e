import type { SourceOrder } from '../../cli/command/services.ts'
import type { Environment } from '../../config/read-environment.ts'
import type { Config } from '../../config/schema.ts'
import { indexNamed } from '../../config/sources.ts'
import { GateError } from '../../domain/base/errors.ts'
import type { Clock } from '../../domain/base/instant.ts'
import { lastingName, nameNow } from '../../domain/sources/lasting-name.ts'
import { askable } from '../../domain/sources/source-rule.ts'
import { decideSource } from '../../store/decide-source.ts'
import { commandDoer } from '../audit/command-doer.ts'
import { touchFolder } from '../first-touch.ts'
import { placedSources, placeOf, rulesAt } from '../indexes.ts'

/** Decides whose a name is, as far as that is not the configuration's to say. */
export async function decideSourceIn(
  config: Config,
  { project, source, index: named, reason }: SourceOrder,
  { environment, clock }: { readonly environment: Environment; readonly clock: Clock },
): Promise<{ readonly index: string; readonly was: string | undefined }> {
  const index = indexNamed(config, named)
  const whom = askable(project, rulesAt(config, index))
  if (whom.kind !== 'in-order')
    throw new GateError('usage', `${project} is owned by ${whom.by}: change \`owns\` in the configuration instead`)
  const meant = whom.sources.find(name => name === source)
  if (meant === undefined) {
    const known = whom.sources.join(', ') || 'none'
    throw new GateError('usage', `${index.name} may not ask ${source} about ${project}; it may ask: ${known}`)
  }
  const { database } = config.store
  const by = commandDoer(environment, reason)
  if (database !== undefined) {
    const { decideSharedSource } = await import('../../store/postgres/with-database.ts')
    const placed = placedSources(config)
    const its = placed.find(({ name }) => name === meant)
    const order = { index: placeOf(index), project, source: its === undefined ? meant : lastingName(its), reason, by }
    const was = await decideSharedSource(database, order, clock)
    return { index: index.name, was: was && nameNow(was, placed) }
  }
  await touchFolder(config.data)
  const was = await decideSource(
    config.data,
    {
      index: placeOf(index),
      name: index.name,
      project,
      source: meant,
      everywhere: placedSources(config),
      reason,
      by,
    },
    clock,
  )
  return { index: index.name, was }
}
