import { mount } from 'svelte';
import App from './App.svelte';
import './css/tokens.css';
import './css/base.css';
import './css/parts.css';
import './css/table.css';
import './css/controls.css';
import './css/overlays.css';
import './css/shell.css';
import './css/states.css';

const target = document.getElementById('app');
if (target) mount(App, { target });
