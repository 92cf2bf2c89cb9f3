//go:build tools

// Package cluster names the program to build, so that `go mod tidy` keeps what it needs.
package cluster

import _ "k8s.io/kubernetes/cmd/kube-apiserver/app"
