import t from 'tap'
import { readBuildRequires } from '../../../src/protocol/metadata/build-requires.ts'

/** A pyproject.toml, and what its build takes. */
const PROJECTS: readonly (readonly [
  title: string,
  text: string | undefined,
  told: ReturnType<typeof readBuildRequires>,
])[] = [
  [
    'what stands there',
    '[build-system]\nrequires = ["hatchling>=1"]\n',
    { requires: ['hatchling>=1'], from: 'declared' },
  ],
  ['nothing', '[build-system]\nrequires = []\nbackend-path = ["."]\n', { requires: [], from: 'declared' }],
  ['setuptools where nothing is said of the build', '[tool.black]\n', ASSUMED()],
  ['setuptools where there is no such file', undefined, ASSUMED()],
  ['an error', 'build-system = 1\n', 'build-system is not a table'],
  ['an error', '[build-system]\n', 'build-system.requires is not a list of texts'],
  ['an error', '[build-system]\nrequires = "setuptools"\n', 'build-system.requires is not a list of texts'],
  ['an error', '[build-system]\nrequires = [1]\n', 'build-system.requires is not a list of texts'],
]

function ASSUMED() {
  return { requires: ['setuptools>=40.8.0', 'wheel'], from: 'assumed' } as const
}

t.test('a build takes', async t => {
  for (const [title, text, told] of PROJECTS) t.strictSame(readBuildRequires(text), told, title)
  t.match(readBuildRequires('[build-system'), /^not TOML: /)
})
