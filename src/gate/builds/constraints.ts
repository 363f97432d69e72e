import type { ProjectName } from '../../domain/packaging/name.ts'
import type { Targets } from '../../domain/packaging/targets.ts'
import type { Version } from '../../domain/packaging/version.ts'

/** A version that builds may be held to. */
export interface BuildConstraint {
  readonly project: ProjectName
  readonly version: Version
  /** `3.9`: on these alone; `undefined`: everywhere */
  readonly pythons: readonly string[] | undefined
  /** true where the same Pythons have another version of it too, so that no constraint can say which */
  readonly contested: boolean
}

interface ChosenFor {
  readonly project: ProjectName
  readonly version: Version
  readonly target: Targets
}

/** By project: one version for everybody, or one for each Python. */
export function constraintsOf(chosen: readonly ChosenFor[]): readonly BuildConstraint[] {
  return [...Map.groupBy(chosen, ({ project }) => project)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap<BuildConstraint>(([project, all]) => {
      const versions = [...Map.groupBy(all, ({ version }) => version)]
      if (versions.length === 1)
        return versions.map(([version]) => ({ project, version, pythons: undefined, contested: false }))
      const taken = versions.map(([version, some]) => ({ version, pythons: pythonsOf(some) }))
      return taken.map(({ version, pythons }) => ({
        project,
        version,
        pythons,
        contested: pythons.length === 0 || taken.some(it => it.version !== version && overlap(it.pythons, pythons)),
      }))
    })
}

function pythonsOf(chosen: readonly ChosenFor[]): readonly string[] {
  const named = chosen.flatMap(({ target: { pythons } }) => pythons.map(({ minor }) => `3.${minor}`))
  return [...new Set(named)]
}

function overlap(a: readonly string[], b: readonly string[]): boolean {
  return a.length === 0 || b.length === 0 || a.some(text => b.includes(text))
}

/** As pip and uv read constraints: `name==version`, with a marker where it is for some Pythons alone. */
export function renderConstraints(constraints: readonly BuildConstraint[]): string {
  return constraints.map(it => `${lineOf(it)}\n`).join('')
}

function lineOf({ project, version, pythons, contested }: BuildConstraint): string {
  const pin = `${project}==${version}`
  if (contested) return `# two builds need different versions, so that nothing holds them to one: ${pin}`
  if (pythons === undefined) return pin
  return `${pin} ; ${pythons.map(python => `python_version == "${python}"`).join(' or ')}`
}
