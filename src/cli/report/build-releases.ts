import type { BuildDependencies } from '../../gate/builds/builds.ts'
import type { Screen } from '../terminal/screen.ts'
import { counted } from '../terminal/table.ts'
import { renderNames } from './unjudged.ts'

/** What is built, and what that takes; nothing where nothing is. */
export function textOfBuilds({ builds, releases }: BuildDependencies): string | undefined {
  if (builds.length === 0) return undefined
  const needed = releases.map(({ project, version }) => `${project} ${version}`).join(', ')
  const what = `${counted(builds.length, 'release')} built from source (${builds.join(', ')})`
  return releases.length === 0 ? `${what} with nothing of the index` : `${what} with ${needed}`
}

/** Says that what these releases are built with was not looked at; nothing where none is built. */
export function tellUnlookedBuilds(screen: Screen, builds: ReadonlySet<string>): void {
  if (builds.size === 0) return
  const what = `${counted(builds.size, 'release')} would be built from source (${[...builds].join(', ')})`
  screen.prose(['! '], `${what}: what builds need was not looked at; portcullis policy update --check does`)
}

/** Says what builds added; what they could not have is told as every other file. */
export function renderBuilds(screen: Screen, found: BuildDependencies): void {
  const text = textOfBuilds(found)
  if (text !== undefined) screen.prose(['+ '], text)
  if (found.internal.length > 0)
    renderNames(screen, 'needed by a build and under index.internal: your own index serves it', found.internal)
  const contested = found.constraints.filter(it => it.contested)
  if (contested.length === 0) return
  const names = [...new Set(contested.map(({ project }) => project))].join(', ')
  screen.prose(['! '], `two builds need different versions of ${names}: no constraint holds both to one`)
}
