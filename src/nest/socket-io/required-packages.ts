import { requirePackages } from '../../options/required-packages';

requirePackages('nestjs-logout/socket.io', {
  '@nestjs/common': () => require('@nestjs/common'),
  '@nestjs/core': () => require('@nestjs/core'),
  '@nestjs/platform-socket.io': () => require('@nestjs/platform-socket.io'),
  '@nestjs/websockets': () => require('@nestjs/websockets'),
  'reflect-metadata': () => require('reflect-metadata'),
  rxjs: () => require('rxjs'),
});
