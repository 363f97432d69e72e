import { parseDistFilename } from '../../domain/packaging/filename.ts'
import { type Machine, targetsOfMachine } from '../../domain/packaging/machine.ts'
import type { ProjectName } from '../../domain/packaging/name.ts'
import { pickForOne, type Targets, takeForTargets } from '../../domain/packaging/targets.ts'
import type { ShownExplanation } from '../../gate/explain/explanation.ts'
import { thisMachine } from '../locks/installed-here.ts'

interface OfProject {
  readonly project: ProjectName
}

/** Of the files of a release those that targets take, and how many were left. */
export function chooseOfRelease({ project }: OfProject, targets: Targets) {
  let left = 0
  return {
    left: () => left,
    wanted(filenames: readonly string[]): ReadonlySet<string> {
      const named = filenames.flatMap(text => {
        const filename = parseDistFilename(text, project)
        return filename === undefined ? [] : [{ filename }]
      })
      const { files } = takeForTargets(named, targets)
      const unwanted = new Set(named.filter(it => !files.includes(it)).map(({ filename }) => filename.text))
      left = unwanted.size
      return new Set(filenames.filter(text => !unwanted.has(text)))
    },
  }
}

/** Of the files of a release those that a client on this machine takes, whatever Python it has. */
export function takenHere<It extends Pick<ShownExplanation, 'file'>>(
  { project }: OfProject,
  explanations: readonly It[],
  machine: Machine = thisMachine(),
): ReadonlySet<It> {
  const named = explanations.flatMap(it => {
    const filename = parseDistFilename(it.file.filename, project)
    return filename === undefined ? [] : [{ filename, it }]
  })
  return new Set(pickForOne(named, targetsOfMachine(machine, undefined)).map(({ it }) => it))
}
