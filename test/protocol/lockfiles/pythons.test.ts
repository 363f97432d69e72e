import t from 'tap'
import { read } from './locks-as-text.ts'

/** A lock that names no package, and the Pythons that it says it is for. */
const PYTHONS: readonly (readonly [path: string, text: string, pythons: string | undefined])[] = [
  ['uv.lock', 'version = 1\nrequires-python = ">=3.11"\n', '>=3.11'],
  ['uv.lock', 'version = 1\n', undefined],
  ['pylock.toml', 'lock-version = "1.0"\nrequires-python = "==3.12.*"\n', '==3.12.*'],
  ['poetry.lock', '[metadata]\nlock-version = "2.1"\npython-versions = "^3.9"\n', '>=3.9,<4'],
  ['poetry.lock', '[metadata]\nlock-version = "2.1"\npython-versions = "~3.11.2, !=3.11.4"\n', '==3.11.*,!=3.11.4'],
  ['poetry.lock', '[metadata]\nlock-version = "2.1"\npython-versions = ">=3.9,<3.13"\n', '>=3.9,<3.13'],
  ['pdm.lock', '[metadata]\nlock_version = "4.5.0"\n[[metadata.targets]]\nrequires_python = ">=3.10"\n', '>=3.10'],
  [
    'pdm.lock',
    '[metadata]\nlock_version = "4.5.0"\n[[metadata.targets]]\nrequires_python = ">=3.10"\n[[metadata.targets]]\nrequires_python = ">=3.9"\n',
    undefined,
  ],
  ['Pipfile.lock', '{"_meta": {"requires": {"python_version": "3.11"}}}', '==3.11.*'],
  ['Pipfile.lock', '{"_meta": {"requires": {"python_full_version": "3.11.4"}}}', '==3.11.*'],
  ['requirements.txt', '', undefined],
]

t.test('a lock says which Pythons it is for, where it does', async t => {
  for (const [path, text, pythons] of PYTHONS) t.equal(read(path, text).requiresPython, pythons, `${path}: ${text}`)
})
