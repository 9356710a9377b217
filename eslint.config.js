import {fileURLToPath} from 'node:url'
import {defineConfig, globalIgnores} from 'eslint/config'
import tseslint from 'typescript-eslint'

// Where a process may be ended, the environment read and the terminal written to: there, and nowhere below.
const MAY_USE_THE_PROCESS = ['bin/**', 'scripts/**', 'test/**', 'src/cli/**', 'src/config/**', '*.config.*']
const PROCESS_BELONGS = 'only bin, src/cli and src/config use it: pass in what is needed'
const ALL_OF_ZOD = {name: 'zod', message: 'it takes longer to load than a call may take: src/platform/zod.ts has what is used'}

const NO_RECURSIVE_MKDIR = {
  selector: "CallExpression[callee.name=/^mkdir/] Property[key.name='recursive'], CallExpression[callee.property.name=/^mkdir/] Property[key.name='recursive']",
  message: 'where a file system makes no folders that never ends: take makeFolder of platform/make-folder.ts',
}
// A hub outlives the files of its program: what it has not loaded when it is ready, it may never load.
const MAY_RUN_IN_A_HUB = ['client', 'config', 'core', 'domain', 'errors', 'hub', 'memory', 'platform', 'store', 'usecases', 'verbs'].map((part) => `src/${part}/**`)
const ONLY_LATER = {
  selector: ":not(CallExpression[callee.name='later'] > ArrowFunctionExpression) > ImportExpression",
  message: 'a hub loads all its parts before it is ready: take later() of platform/later.ts',
}

export default defineConfig(
  globalIgnores(['dist/', '.dist-*/', 'coverage/', 'tmp/', 'test/repo/fixtures/', '.dependency-cruiser.cjs']),
  {
    files: ['**/*.ts', '**/*.js', '**/*.mjs'],
    extends: [tseslint.configs.base],
    linterOptions: {reportUnusedDisableDirectives: 'error'},
    languageOptions: {parserOptions: {projectService: true, tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url))}},
    rules: {
      // A promise that nobody awaits is a write whose failure nobody sees.
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/await-thenable': 'error',
      '@typescript-eslint/return-await': ['error', 'in-try-catch'],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-promise-reject-errors': 'error',

      // What is not typed is not checked.
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unnecessary-type-assertion': 'error',
      '@typescript-eslint/ban-ts-comment': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', {considerDefaultExhaustiveForUnions: true}],
      '@typescript-eslint/consistent-type-imports': ['error', {disallowTypeAnnotations: false}],
      '@typescript-eslint/no-for-in-array': 'error',
      '@typescript-eslint/no-implied-eval': 'error',
      '@typescript-eslint/unbound-method': 'error',
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/no-unused-vars': ['error', {argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all', caughtErrorsIgnorePattern: '^_'}],

      'eqeqeq': 'error',
      'no-empty': 'error',
      'no-constant-binary-expression': 'error',
      'no-debugger': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      'no-self-compare': 'error',
      'no-template-curly-in-string': 'error',
      'no-unsafe-finally': 'error',
      'no-var': 'error',
      'prefer-const': 'error',
    },
  },
  {files: ['src/**'], rules: {'no-restricted-imports': ['error', {paths: [ALL_OF_ZOD]}]}},
  {
    files: ['src/**'],
    ignores: MAY_USE_THE_PROCESS,
    rules: {
      'no-console': 'error',
      'no-restricted-properties': [
        'error',
        {object: 'process', property: 'exit', message: PROCESS_BELONGS},
        {object: 'process', property: 'env', message: PROCESS_BELONGS},
        {object: 'process', property: 'exitCode', message: PROCESS_BELONGS},
      ],
      'no-restricted-imports': [
        'error',
        {
          paths: [
            ...['process', 'node:process'].map((name) => ({name, importNames: ['exit', 'env', 'exitCode'], message: PROCESS_BELONGS})),
            ALL_OF_ZOD,
          ],
        },
      ],
    },
  },
  {
    // Unknown input is parsed at the boundary; past it nothing untyped may travel. Tests and scripts may look into anything.
    files: ['src/**'],
    rules: {
      'no-restricted-syntax': ['error', NO_RECURSIVE_MKDIR],
      '@typescript-eslint/no-base-to-string': 'error',
      '@typescript-eslint/no-unsafe-argument': 'error',
      '@typescript-eslint/no-unsafe-assignment': 'error',
      '@typescript-eslint/no-unsafe-call': 'error',
      '@typescript-eslint/no-unsafe-member-access': 'error',
      '@typescript-eslint/no-unsafe-return': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', {allowNumber: true, allowBoolean: true}],
    },
  },
  {files: MAY_RUN_IN_A_HUB, rules: {'no-restricted-syntax': ['error', NO_RECURSIVE_MKDIR, ONLY_LATER]}},
  {
    files: ['test/**'],
    rules: {
      // `expect(object.method)` is no call.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
)
