import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

export default ts.config(
  { ignores: ['node_modules/', 'src/lib/schema.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...ts.configs.stylistic,
  ...svelte.configs.recommended,
  ...svelte.configs.prettier,
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  {
    rules: {
      // The type checker knows the browser's names better than a list would.
      'no-undef': 'off',
      // Text from agents is untrusted: it becomes text nodes, never markup.
      'svelte/no-at-html-tags': 'error',
      // {' '} is how a space survives at the edge of a block.
      'svelte/no-useless-mustaches': 'off',
    },
  },
);
