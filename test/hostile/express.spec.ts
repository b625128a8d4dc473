import { describeHostileCases } from './suite';

describeHostileCases('express');
